"""A mesh at work while its control plane is replaced under it: every call that fails after retry is remembered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, Final

import httpx

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.persistence import persistently
from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import ControlPlaneError
from plexd.protocol.keys.key_pair import KeyPair
from plexd.protocol.masked import Masked
from plexd.protocol.messages.heartbeat import Heartbeat
from plexd.protocol.messages.peers import EndpointReport
from plexd.protocol.messages.registration import RegisterRequest
from plexd.protocol.messages.state import Snapshot
from plexd.protocol.timing import Timing
from tests.support.control_plane import Place
from tests.support.event_reader import Enrolled, EventReader, reading

PATIENCE_SECONDS: Final = 20.0
LONGEST_PAUSE: Final = 1.0
# An answer that a restart may cost an operator; he asks again.
PASSING: Final = {500, 502, 503, 504}


@dataclass
class Told:
    """What came of the calls."""

    failed: list[str] = field(default_factory=list)
    beaten_at: dict[str, datetime] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    newcomers: list[Enrolled] = field(default_factory=list)
    calls: int = 0
    repeated: int = 0


class RollingLoad:
    """Groups of nodes that beat, pull their state, move and follow their events; operators label, machines enrol."""

    def __init__(
        self,
        place: Place,
        transport: Transport,
        groups: Sequence[Sequence[Enrolled]],
        since: Mapping[str, int],
    ) -> None:
        self.told: Final = Told()
        self._nodes: Final = [node for group in groups for node in group]
        self.readers: Final = [EventReader(node, behind=since[node.node_id]) for node in self._nodes]
        self._place: Final = place
        self._transport: Final = transport
        self._timing: Final = Timing.system()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Have every node follow its events for as long as the block lasts."""
        async with AsyncExitStack() as stack:
            for reader in self.readers:
                channel = reader.node.channel(self._transport)
                await stack.enter_async_context(reading(reader, channel, again=True))
            yield

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Call for as long as the block lasts; what is under way then is brought to its end."""
        over = asyncio.Event()
        async with self._place.as_operator() as client, asyncio.TaskGroup() as tasks:
            for duty in self._duties(client, over):
                tasks.create_task(duty)
            try:
                yield
            finally:
                over.set()

    def _duties(self, client: httpx.AsyncClient, over: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
        duties = [
            self._every(seconds, over, partial(duty, node))
            for node in self._nodes
            for seconds, duty in ((0.7, self._beat), (1.5, self._pull), (3.0, self._move))
        ]
        numbers = count(1)
        operators = [
            self._every(0.25, over, lambda: self._label(client, next(numbers))),
            self._every(1.0, over, lambda: self._enrol(client, next(numbers))),
        ]
        return [*duties, *operators]

    async def _every(self, seconds: float, over: asyncio.Event, act: Callable[[], Awaitable[None]]) -> None:
        while not over.is_set():
            try:
                await act()
                self.told.calls += 1
            except (ControlPlaneError, httpx.HTTPError) as error:
                self.told.failed.append(f"{type(error).__name__}: {error}")
            await asyncio.sleep(seconds)

    async def _beat(self, node: Enrolled) -> None:
        started = datetime.now(UTC)
        beat = Heartbeat(node.node_id, "0001-01-01T00:00:00Z", "healthy", "1h0m", "")
        await self._persistently(lambda: node.channel(self._transport).heartbeat(beat))
        self.told.beaten_at[node.node_id] = started

    async def _pull(self, node: Enrolled) -> None:
        answer = await self._persistently(lambda: node.channel(self._transport).state())
        if not isinstance(answer, Snapshot):
            self.told.failed.append("a state that was never fetched is said to be unchanged")

    async def _move(self, node: Enrolled) -> None:
        port = 1024 + self.told.calls % 60_000
        report = EndpointReport(f"198.51.100.9:{port}", "none")
        await self._persistently(lambda: node.channel(self._transport).report_endpoint(report))

    async def _label(self, client: httpx.AsyncClient, number: int) -> None:
        node = self._nodes[number % len(self._nodes)]
        path = f"/v1/nodes/{node.node_id}/metadata/turn"
        await self._asked(lambda: client.put(path, json={"value": str(number)}))
        self.told.labels[node.node_id] = str(number)

    async def _enrol(self, client: httpx.AsyncClient, number: int) -> None:
        path = f"/v1/projects/{self._place.project_id}/bootstrap-tokens"
        issued = await self._asked(lambda: client.post(path, json={"labels": {"group": "new"}}))
        hostname = f"newcomer-{number}"
        request = RegisterRequest(Masked(issued["token"]), KeyPair.generate().public_key, hostname)
        answer = await self._persistently(lambda: ControlPlane(self._transport).register(request))
        self.told.newcomers.append(Enrolled(hostname, answer))

    async def _persistently(self, call: Callable[[], Awaitable[Any]]) -> Any:
        attempts = count()

        async def attempt() -> Any:
            self.told.repeated += next(attempts) > 0
            return await call()

        return await persistently(attempt, self._timing, longest=LONGEST_PAUSE, patience=PATIENCE_SECONDS)

    async def _asked(self, call: Callable[[], Awaitable[httpx.Response]]) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await call()
                    if answer.status_code not in PASSING:
                        return answer.raise_for_status().json()
                except httpx.TransportError:
                    self.told.repeated += 1
                await asyncio.sleep(0.1)
