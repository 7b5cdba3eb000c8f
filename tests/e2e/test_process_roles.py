"""Processes that share the work: each does its part, and what nobody does is told."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, Final

import httpx
import pytest
from psycopg import AsyncConnection

from plexd.protocol.client.transport import Transport
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret
from tests.support.command_line import within
from tests.support.control_plane import Place, ServerProcess, first_boot, server_process
from tests.support.event_movers import Movers
from tests.support.event_reader import EventReader, reading
from tests.support.event_scene import annotate, enrolled, first_offsets, peers_within, places_due, sequenced
from tests.support.raw_http import RawAnswer, bearer, call

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

SOON: Final = 20.0
# A second or so is what is promised; the rest is for a machine that is busy with something else.
TAKEN_OVER_SECONDS: Final = 1.0 + 4.0
OFFSETS: Final = "SELECT log_offset FROM event_log ORDER BY log_offset"


def test_an_unknown_role_is_refused_with_those_there_are() -> None:
    ended = within("serve", "--roles", "api,sequencers")

    assert ended.status != 0
    assert "there is no role 'sequencers'; name some of api,streams,sequencer" in ended.complained


async def test_each_process_does_its_part_and_events_wait_while_nobody_sequences(
    database: Secret[str],
) -> None:
    """D17: changes and heartbeats go on; readiness tells how long events wait, and they come in the end."""
    operator, domain_id, project_id = await first_boot(database)
    async with (
        server_process(database, "api") as api,
        server_process(database, "streams") as streams,
        Transport.connected(api.base_url) as calls,
        Transport.connected(streams.base_url) as events,
    ):
        place = Place(api.base_url, operator, domain_id, project_id)
        [node] = await enrolled(place, calls, 1)
        as_node = bearer(node.registration.node_token.reveal())
        path = f"/v1/nodes/{node.node_id}"
        assert _is_elsewhere(await call(api.base_url, "GET", f"{path}/events", None, as_node))
        assert _is_elsewhere(await call(streams.base_url, "POST", f"{path}/heartbeat", b"{}", as_node))
        assert (await call(api.base_url, "POST", f"{path}/heartbeat", b"{}", as_node)).status == 200

        reader = EventReader(node)
        async with reading(reader, node.channel(events)):
            await annotate(place, node, "rack", "7")
            for server in (api, streams):
                status, late = await _until_sequencing_is(server, "late")
                assert status == 200
                assert late["detail"].startswith("committed events wait for")
            assert reader.types == []
            async with server_process(database, "sequencer") as sequencer:
                await reader.until(SOON, "node_state_updated")
                assert (await _until_sequencing_is(sequencer, "ok"))[0] == 200
                assert (await call(sequencer.base_url, "GET", "/health")).status == 200
                assert _is_elsewhere(await call(sequencer.base_url, "GET", "/v1/version"))
        assert reader.faults == []


async def test_a_killed_sequencer_is_replaced_at_once_and_nothing_is_lost(database: Secret[str]) -> None:
    """C24: kill -9 under load, until none is left; offsets stay dense, and every row is told in its order."""
    operator, domain_id, project_id = await first_boot(database)
    async with AsyncExitStack() as stack:
        serving = await stack.enter_async_context(server_process(database, "api,streams"))
        sequencers = [
            await stack.enter_async_context(server_process(database, "sequencer")) for _ in range(2)
        ]
        transport = await stack.enter_async_context(Transport.connected(serving.base_url))
        place = Place(serving.base_url, operator, domain_id, project_id)
        mesh = [await enrolled(place, transport, 2)]
        mover, node = mesh[0]
        since = await first_offsets(database)
        movers = await stack.enter_async_context(Movers.connected(database, domain_id))
        reader = EventReader(node)
        await stack.enter_async_context(reading(reader, node.channel(transport)))
        moving = asyncio.create_task(_move_on(movers, mover.node_id))

        await reader.until_true(SOON, _has_more(reader, 100))
        await sequencers[0].kill()
        await reader.until_true(TAKEN_OVER_SECONDS, _has_more(reader, 20))
        await sequencers[1].kill()
        told = len(reader.told)
        await asyncio.sleep(0.5)
        await stack.enter_async_context(server_process(database, "sequencer"))
        await reader.until_true(SOON, lambda: len(reader.told) > told + 100)
        moving.cancel()
        await asyncio.wait([moving])
        await sequenced(database)
        due = await places_due(database, peers_within(mesh), since)
        await reader.until_true(SOON, lambda: len(reader.told) >= len(due[node.node_id]))

        assert reader.faults == []
        assert list(reader.told) == due[node.node_id]
        offsets = await _offsets(database)
        assert offsets == list(range(1, len(offsets) + 1))


async def _move_on(movers: Movers, node_id: str) -> None:
    # What gathers while no sequencer runs stays within a stream's queue: a reader is told of it without being cut.
    for port in count(1):
        await movers.move(node_id, [port % 60_000 + 1])
        await asyncio.sleep(0.02)


def _has_more(reader: EventReader, rows: int) -> Callable[[], bool]:
    goal = len(reader.told) + rows
    return lambda: len(reader.told) >= goal


async def _offsets(dsn: Secret[str]) -> list[int]:
    async with await AsyncConnection.connect(session_conninfo(dsn)) as connection:
        return [row[0] for row in await (await connection.execute(OFFSETS)).fetchall()]


def _is_elsewhere(answer: RawAnswer) -> bool:
    return (answer.status, answer.code, answer.header("retry-after")) == (503, "not_served_here", "5")


async def _until_sequencing_is(server: ServerProcess, status: str) -> tuple[int, Mapping[str, Any]]:
    async with asyncio.timeout(SOON), httpx.AsyncClient(base_url=server.base_url) as client:
        while True:
            answer = await client.get("/v1/health")
            [found] = [each for each in answer.json()["checks"] if each["name"] == "sequencer"]
            if found["status"] == status:
                return answer.status_code, found
            await asyncio.sleep(0.1)
