"""Agents are asked to run actions by their streams and by their states, once, and for as long as it is wanted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.protocol.messages.executions import Acknowledgement, ActionRequest
from plexd.protocol.messages.state import Snapshot
from plexd.simulate.executions import Outcome
from plexd.simulate.node import SimulatedNode
from plexd.simulate.pace import Pace
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, served
from tests.support.dispatch_load import ACTION, CAPABILITIES
from tests.support.event_reader import Enrolled, EventReader, enrol, reading

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

PATIENCE_SECONDS: Final = 20.0


@asynccontextmanager
async def an_agent(
    place: Place, perform: Callable[[ActionRequest], Outcome], reconcile: float = 60.0
) -> AsyncIterator[SimulatedNode]:
    """Have an agent follow its events until the block ends."""
    [token] = await place.bootstrap_tokens(1)
    async with (
        Transport.connected(place.base_url) as transport,
        SimulatedNode(
            ControlPlane(transport),
            token,
            "agent",
            capabilities=CAPABILITIES,
            pace=Pace(heartbeat=1.0, reconcile=reconcile),
            perform=perform,
        ) as agent,
    ):
        await agent.until_streaming()
        yield agent


async def dispatched(place: Place, node_id: str) -> str:
    """Dispatch the action to the node and return the execution's id."""
    wish = {"action": ACTION, "node_id": node_id, "parameters": {"number": 1}}
    async with place.as_operator() as client:
        answer = await client.post(f"/v1/projects/{place.project_id}/executions/dispatch", json=wish)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


async def cancel(place: Place, execution_id: str) -> None:
    """Cancel the execution."""
    async with place.as_operator() as client:
        path = f"/v1/projects/{place.project_id}/executions/{execution_id}/cancel"
        (await client.post(path)).raise_for_status()


async def until_status(place: Place, execution_id: str, *statuses: str) -> dict[str, Any]:
    """Return the execution once it is in one of these statuses."""
    async with asyncio.timeout(PATIENCE_SECONDS), place.as_operator() as client:
        while True:
            answer = await client.get(f"/v1/projects/{place.project_id}/executions/{execution_id}")
            execution: dict[str, Any] = answer.raise_for_status().json()
            if execution["status"] in statuses:
                return execution
            await asyncio.sleep(0.05)


async def test_an_agent_runs_what_it_is_asked_by_its_stream_and_not_again_by_its_state(
    database: Secret[str],
) -> None:
    ran: list[ActionRequest] = []

    def perform(request: ActionRequest) -> Outcome:
        ran.append(request)
        return Outcome("failure", 3, "out", "err", seconds=0.3)

    async with served(database) as place, an_agent(place, perform, reconcile=0.1) as agent:
        execution_id = await dispatched(place, agent.node_id)
        execution = await until_status(place, execution_id, "failed")

        assert [(each.execution_id, each.parameters) for each in ran] == [(execution_id, {"number": 1})]
        assert ran[0].callback_url == f"{place.base_url}/v1/nodes/{agent.node_id}/executions/{execution_id}"
        assert (agent.counters.requests, agent.counters.executions) == (1, 1)
        assert agent.counters.suspicious() == 0
        assert [target["node_id"] for target in execution["targets"]] == [agent.node_id]


async def test_a_cancelled_action_is_stopped_where_it_runs(database: Secret[str]) -> None:
    async with (
        served(database) as place,
        an_agent(place, lambda _: Outcome(seconds=600)) as agent,
    ):
        execution_id = await dispatched(place, agent.node_id)
        await until_status(place, execution_id, "ack")

        await cancel(place, execution_id)
        await agent.until(lambda: agent.counters.executions == 1)

        assert agent.counters.cancellations == 1
        assert (await until_status(place, execution_id, "cancelled"))["ended_at"]


async def test_who_was_away_is_asked_when_it_is_back_at_any_server_until_it_takes_the_action_up(
    database: Secret[str],
) -> None:
    """C27: by its place in the stream, without one, and by its state; once it was taken up, never again."""
    async with (
        served(database) as one,
        served(database, place=one) as other,
        Transport.connected(one.base_url) as at_one,
        Transport.connected(other.base_url) as at_other,
    ):
        [token] = await one.bootstrap_tokens(1)
        node = await enrol(at_one, token, "away")
        await node.channel(at_one).announce_capabilities(CAPABILITIES)
        first = EventReader(node)
        async with reading(first, node.channel(at_one)):
            await first.until_true(PATIENCE_SECONDS, lambda: first.is_streaming)
        wanted, unwanted = [await dispatched(one, node.node_id) for _ in range(2)]
        await cancel(one, unwanted)

        behind, without = EventReader(node, behind=0), EventReader(node)
        for reader in (behind, without):
            assert await asked(reader, node, at_other, wanted) == [wanted]
        state = await node.channel(at_other).state()
        assert isinstance(state, Snapshot)
        assert [each.execution_id for each in state.state.pending_actions] == [wanted]
        assert [*events_of(behind)] == [*events_of(without)]

        await take_up(node, at_one, wanted)
        await until_nothing_is_pending(node, at_other)
        again = EventReader(node, behind=0)
        async with reading(again, node.channel(at_other)):
            await again.until_true(PATIENCE_SECONDS, lambda: again.is_streaming)
            await asyncio.sleep(0.3)
        assert list(events_of(again)) == []


def events_of(reader: EventReader) -> Iterator[tuple[str, str]]:
    """Yield the id and the execution of each request that the reader was told."""
    for event in reader.told.values():
        if isinstance(event.payload, ActionRequest):
            yield event.event_id, event.payload.execution_id


async def asked(reader: EventReader, node: Enrolled, at: Transport, execution_id: str) -> list[str]:
    """Open a stream until it asks for the execution, and return everything it asked for."""
    async with reading(reader, node.channel(at)):
        await reader.until_true(
            PATIENCE_SECONDS, lambda: execution_id in {asked for _, asked in events_of(reader)}
        )
    assert reader.faults == []
    return [asked for _, asked in events_of(reader)]


async def take_up(node: Enrolled, at: Transport, execution_id: str) -> None:
    """Take the action up."""
    assert await node.channel(at).acknowledge(Acknowledgement(execution_id, "accepted"))


async def until_nothing_is_pending(node: Enrolled, at: Transport) -> None:
    """Wait until a server's state asks nothing of the node."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            state = await node.channel(at).state()
            if isinstance(state, Snapshot) and not state.state.pending_actions:
                return
            await asyncio.sleep(0.05)
