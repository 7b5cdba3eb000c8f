"""Whatever goes wrong on our side, no live node is marked; whatever is marked is marked and told once (D26, D27)."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plexsphere.fleet.application.confirm_departures import ConfirmDepartures
from plexsphere.fleet.application.heartbeat_book import HeartbeatBook
from plexsphere.fleet.application.sweep_silences import SweepSilences
from plexsphere.fleet.application.ticker import Ticker
from plexsphere.fleet.domain.liveness import Patience
from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.ports.heartbeats import Heartbeat
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.fleet import (
    DOMAIN,
    FleetKit,
    FleetStore,
    HeardBinaries,
    MemoryAnnouncements,
    a_node,
    memory_fleet,
)
from tests.support.fleet_sight import FollowedFleet, grouped
from tests.support.identity import FakeClock

INTERVAL: Final = 10
PATIENCE: Final = Patience.of_seconds(INTERVAL, 3 * INTERVAL, 10 * INTERVAL)
NODES: Final = grouped([a_node(number) for number in range(1, 15)], "web")
ONCE_EACH: Final = re.compile("(?:EE|ERA)*(?:ER?)?")
LETTERS: Final = {
    EventType.PEER_ENDPOINT_CHANGED: "E",
    EventType.PEER_REMOVED: "R",
    EventType.PEER_ADDED: "A",
}
HEARD: Final = {Reachability.NEVER_REPORTED, Reachability.HEALTHY}


class Reach:
    """What a process reaches of the store, unless it is cut off."""

    def __init__(self, process: "Process", inner: Any) -> None:
        self._process, self._inner = process, inner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def asked(*given: Any) -> Any:
            if self._process.is_cut:
                raise StoreUnavailable
            return await getattr(self._inner, name)(*given)

        return asked

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        if self._process.is_cut:
            raise StoreUnavailable
        async with self._inner():
            yield


class OnePatience:
    """The only Domain's."""

    async def all(self) -> dict[DomainId, Patience]:
        return {DOMAIN: PATIENCE}


class Process:
    """Ticks and sweeps, and records heartbeats where it serves; may be cut off from the store, or stand still."""

    def __init__(self, number: int, fleet: FollowedFleet, store: FleetStore, *, serves: bool) -> None:
        kit, uow = fleet.kit, Reach(self, fleet.kit.unit_of_work)
        announcements = MemoryAnnouncements(store)
        self.is_cut = self.is_still = False
        self.serves = serves
        self.ticker = Ticker(Reach(self, kit.liveness_clock), store.clock, UUID(int=number))
        self.sweep = SweepSilences(
            uow, OnePatience(), Reach(self, kit.silences), fleet.take_turn, fleet.sight, announcements
        )
        self.book = HeartbeatBook(
            uow,
            Reach(self, kit.heartbeats),
            announcements,
            Reach(self, kit.liveness_clock),
            HeardBinaries(),
            store.clock,
        )
        self._store = store

    def hears(self, node_id: NodeId) -> bool:
        """Take a heartbeat; False when the agent must turn to another process."""
        if self.is_still or not self.serves:
            return False
        clock = self._store.clock
        try:
            self.book.note(Heartbeat(DOMAIN, node_id, clock.now(), "", False, clock.monotonic()))
        except StoreUnavailable:
            return False
        return True

    async def live(self) -> None:
        """Do what the loops do within a second."""
        if self.is_still:
            return
        loops: list[Callable[[], Awaitable[Any]]] = [self.ticker.tick, self.sweep]
        for work in [self.book.flush, *loops] if self.serves else loops:
            with suppress(StoreUnavailable):
                await work()


class Liveness(RuleBasedStateMachine):
    """Agents that live or are gone, over three processes to which things happen."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.time = FakeClock()
        self.store = FleetStore(self.time)
        self.kit: FleetKit = memory_fleet(self.store)
        self.fleet = FollowedFleet(self.kit)
        self.gone: set[NodeId] = set()
        self.back_since: dict[NodeId, datetime] = {}
        self.seconds = 0
        self.taken_away: dict[int, int] = defaultdict(int)
        self.processes = [Process(number, self.fleet, self.store, serves=number < 3) for number in (1, 2, 3)]

    @initialize()
    def enrol(self) -> None:
        self.runner.run(self._enrol())

    async def _enrol(self) -> None:
        await self.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
        await self.fleet.join(*NODES)
        await self._pass(INTERVAL)

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        self.runner.run(self._pass(seconds))

    @rule(which=st.sampled_from([0, 1, 2]), seconds=st.integers(1, 60))
    def a_process_is_cut_off(self, which: int, seconds: int) -> None:
        self._meanwhile("is_cut", [which], seconds)

    @rule(which=st.sampled_from([0, 1, 2]), seconds=st.integers(1, 60))
    def a_process_stands_still(self, which: int, seconds: int) -> None:
        self._meanwhile("is_still", [which], seconds)

    @rule(trouble=st.sampled_from(["is_cut", "is_still"]), seconds=st.integers(1, 200))
    def nobody_can_be_heard(self, trouble: str, seconds: int) -> None:
        """H25: all that serve are in trouble, the third may tick on."""
        self._meanwhile(trouble, [0, 1], seconds)

    @rule(numbers=st.sets(st.integers(0, len(NODES) - 1)) | st.just(set(range(12))))
    def agents_vanish(self, numbers: set[int]) -> None:
        self.gone |= {NODES[number].id for number in numbers}

    @rule(numbers=st.sets(st.integers(0, len(NODES) - 1)))
    def agents_return(self, numbers: set[int]) -> None:
        for node_id in self.gone & {NODES[number].id for number in numbers}:
            self.gone.remove(node_id)
            self.back_since[node_id] = self.time.now()
        self.runner.run(self._pass(INTERVAL + 2))
        for node in NODES:
            assert node.id in self.gone or self._reachability(node.id) in HEARD

    @rule()
    def an_operator_confirms(self) -> None:
        confirm = ConfirmDepartures(self.kit.unit_of_work, OnePatience(), self.kit.silences)
        self.runner.run(confirm(DOMAIN))

    @rule()
    def all_is_quiet_for_long(self) -> None:
        """Who is gone is marked in the end, whatever happened before."""
        self.runner.run(self._pass(13 * INTERVAL))
        for node in NODES:
            if node.id in self.gone:
                assert self._reachability(node.id) is Reachability.UNREACHABLE

    @invariant()
    def each_move_is_told_once(self) -> None:
        """H27."""
        told: dict[UUID, str] = defaultdict(str)
        for row in self.store.state.announced:
            for frame in row.frames:
                told[frame.subject] += LETTERS[frame.event_type]
        for moves in told.values():
            assert ONCE_EACH.fullmatch(moves), moves

    @invariant()
    def nobody_is_taken_away_in_a_crowd(self) -> None:
        for second in self.taken_away:
            within = range(second, second + INTERVAL)
            assert sum(self.taken_away.get(each, 0) for each in within) < 10

    def teardown(self) -> None:
        self.runner.close()

    def _meanwhile(self, trouble: str, which: Sequence[int], seconds: int) -> None:
        for number in which:
            setattr(self.processes[number], trouble, True)
        self.runner.run(self._pass(seconds))
        for number in which:
            setattr(self.processes[number], trouble, False)
        self.runner.run(self._pass(INTERVAL + 2))

    async def _pass(self, seconds: int) -> None:
        for _ in range(seconds):
            self.time.advance(1)
            self.seconds += 1
            for node in NODES:
                if node.id not in self.gone and (self.seconds + node.id.int) % INTERVAL == 0:
                    any(process.hears(node.id) for process in self._as_agents_try(node.id))
            away, marked = self._away(), self._marked()
            is_confirmed = self.store.state.clock.tick < self.store.state.clock.passes.get(DOMAIN, 0)
            for process in self.processes:
                await process.live()
            if not is_confirmed:
                self.taken_away[self.seconds] = len(self._away() - away)
            assert not self._marked() - marked - self.gone - self._unheard_since_they_are_back()

    def _as_agents_try(self, node_id: NodeId) -> list[Process]:
        one, other, _ = self.processes
        return [one, other] if node_id.int % 2 else [other, one]

    def _reachability(self, node_id: NodeId) -> Reachability:
        return self.store.state.nodes[node_id].node.reachability

    def _marked(self) -> set[NodeId]:
        return {node_id for node_id, row in self.store.state.nodes.items() if row.node.is_silent}

    def _unheard_since_they_are_back(self) -> set[NodeId]:
        rows = self.store.state.nodes
        return {
            node_id
            for node_id, since in self.back_since.items()
            if (rows[node_id].last_heartbeat_at or since) <= since
        }

    def _away(self) -> set[NodeId]:
        return {node_id for node_id, row in self.store.state.nodes.items() if row.node.is_taken_away}


TestLiveness = Liveness.TestCase
TestLiveness.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
