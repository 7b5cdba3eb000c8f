"""Actions dispatched again and again to agents at work, each until it is answered, while servers are killed."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.protocol.messages.capabilities import ActionCapability, Capabilities, ParameterDef
from plexd.protocol.messages.executions import ActionRequest
from plexd.simulate.executions import Outcome
from plexd.simulate.node import SimulatedNode
from plexd.simulate.pace import Pace
from tests.support.balancer import Balancer
from tests.support.control_plane import Place

ACTION: Final = "diagnostics.collect"
CAPABILITIES: Final = Capabilities(
    builtin_actions=(ActionCapability(ACTION, parameters=(ParameterDef("number", "int", required=True),)),)
)
# Every so many dispatches one is for all agents, and one is asked for twice at once, as by a double click.
FOR_ALL, TWICE = 10, 7
AT_ONCE: Final = 8
AGAIN_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 60.0
LONGEST_RUN: Final = 0.05
PACE: Final = Pace(heartbeat=2.0, reconcile=3.0, endpoint=600.0)


@dataclass
class Told:
    """By the number of a dispatch: what operators were answered, and what each agent was asked to run."""

    answered: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    asked: defaultdict[tuple[int, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    tries: int = 0

    @property
    def numbers_under_two_ids(self) -> list[int]:
        """Return the dispatches that anybody heard of under more than the one id."""
        of_agents = [number for (_, number), ids in self.asked.items() if ids != self.answered[number]]
        return sorted({*of_agents, *(number for number, ids in self.answered.items() if len(ids) != 1)})


class DispatchLoad:
    """Agents behind a balancer, and an operator who asks one server after another until he is answered."""

    def __init__(
        self, place: Place, urls: Sequence[str], agents: Sequence[SimulatedNode], told: Told
    ) -> None:
        self.agents: Final = agents
        self.told: Final = told
        self._place: Final = place
        self._urls: Final = urls
        self._chance: Final = random.Random(place.project_id)

    @classmethod
    @asynccontextmanager
    async def begun(cls, place: Place, urls: Sequence[str], count: int) -> AsyncIterator["DispatchLoad"]:
        """Have so many agents follow their events until the block ends."""
        told = Told()
        async with AsyncExitStack() as stack:
            balancer = await stack.enter_async_context(Balancer.listening())
            for url in urls:
                balancer.take_in(url)
            transport = await stack.enter_async_context(Transport.connected(balancer.base_url))
            agents = [
                SimulatedNode(
                    ControlPlane(transport),
                    token,
                    f"agent-{number}",
                    capabilities=CAPABILITIES,
                    pace=PACE,
                    perform=_noting(told, number),
                )
                for number, token in enumerate(await place.bootstrap_tokens(count))
            ]
            for agent in agents:
                await stack.enter_async_context(agent)
                await agent.until_streaming()
            yield cls(place, urls, agents, told)

    async def dispatch(self, numbers: Sequence[int]) -> None:
        """Dispatch all of them, a few at once, each until it was answered."""
        places = asyncio.Semaphore(AT_ONCE)
        async with self._place.as_operator() as client, asyncio.TaskGroup() as group:
            for number in numbers:
                for _ in range(2 if number % TWICE == 0 else 1):
                    group.create_task(self._dispatch(client, places, number))

    async def _dispatch(self, client: httpx.AsyncClient, places: asyncio.Semaphore, number: int) -> None:
        body = self._body(number)
        async with places, asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if await self._is_answered(client, number, body):
                    return
                await asyncio.sleep(AGAIN_SECONDS)

    async def _is_answered(self, client: httpx.AsyncClient, number: int, body: dict[str, Any]) -> bool:
        self.told.tries += 1
        path = f"{self._chance.choice(self._urls)}/v1/projects/{self._place.project_id}/executions/dispatch"
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": f"dispatch {number}"})
        except httpx.TransportError:
            return False
        if answer.status_code in (429, 503):
            return False
        assert answer.status_code == 201, answer.text
        self.told.answered[number].add(answer.json()["id"])
        return True

    def _body(self, number: int) -> dict[str, Any]:
        agent = self.agents[number % len(self.agents)]
        meant = {"selector": "*"} if number % FOR_ALL == 0 else {"node_id": agent.node_id}
        return {"action": ACTION, "parameters": {"number": number}, **meant}


def targets_of(numbers: Sequence[int], agents: int) -> int:
    """Return how many targets these dispatches have."""
    return sum(agents if number % FOR_ALL == 0 else 1 for number in numbers)


def _noting(told: Told, agent: int) -> Callable[[ActionRequest], Outcome]:
    chance = random.Random(agent)

    def perform(request: ActionRequest) -> Outcome:
        told.asked[agent, request.parameters["number"]].add(request.execution_id)
        return Outcome(seconds=chance.uniform(0, LONGEST_RUN))

    return perform
