"""Of all streams of a node one is left, whichever processes serve them (design D24, hardening H36)."""

import asyncio
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from plexsphere.fleet.application.claim_book import BATCH, ClaimBook
from plexsphere.fleet.application.node_stream import Ending, NodeStream
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.stream_hub import MOST_REPLACEMENTS, WITHIN_SECONDS, StreamHub
from plexsphere.fleet.domain.errors import StreamsReplacedTooOften
from plexsphere.fleet.ports.stream_claims import StreamClaim
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.event_rows import a_row, a_stream, node_id
from tests.support.fleet import DOMAIN
from tests.support.fleet_sight import GroupSight
from tests.support.identity import FakeClock
from tests.support.stream_claims import MemoryStreamClaims

IDS = count(1)


def mint() -> UUID:
    return UUID(int=next(IDS))


class ProcessOfStreams:
    """What one process has of it."""

    def __init__(self, claims: MemoryStreamClaims, clock: FakeClock) -> None:
        self.hub = StreamHub(GroupSight(), ReconcileBook(clock), clock)
        self.rung = 0
        self.book = ClaimBook(claims, self.hub, Alarm(), mint, self._ring)

    def opened(self, number: int) -> NodeStream:
        stream = a_stream(number)
        self.hub.open(stream)
        self.book.note(stream)
        return stream

    def _ring(self) -> None:
        self.rung += 1


class Scene:
    """Two processes over one table of claims."""

    def __init__(self) -> None:
        self.clock, self.claims = FakeClock(), MemoryStreamClaims()
        self.one, self.other = (ProcessOfStreams(self.claims, self.clock) for _ in range(2))

    async def turns(self, times: int = 2) -> None:
        for _ in range(times):
            await self.one.book.turn()
            await self.other.book.turn()


async def test_a_stream_opened_elsewhere_ends_the_older_one_here() -> None:
    scene = Scene()
    older = scene.one.opened(1)
    await scene.turns()

    newer, stranger = scene.other.opened(1), scene.other.opened(2)
    await scene.turns()

    assert (older.ending, newer.ending, stranger.ending) == (Ending.REPLACED, None, None)


async def test_both_are_told_everything_until_the_older_one_ends() -> None:
    scene = Scene()
    older = scene.one.opened(1)
    await scene.turns()
    newer = scene.other.opened(1)

    for process in (scene.one, scene.other):
        await process.hub.tell(DOMAIN, [a_row(1, to=[1]), a_row(2, to=[1])])

    assert [older.is_idle, newer.is_idle] == [True, True]
    assert [older.ending, newer.ending] == [None, None]


async def test_of_two_opened_at_once_the_one_that_claims_last_is_left() -> None:
    scene = Scene()
    here, there = scene.one.opened(1), scene.other.opened(1)

    await scene.other.book.turn()
    await scene.one.book.turn()
    await scene.other.book.turn()

    assert (here.ending, there.ending) == (None, Ending.REPLACED)


async def test_a_claim_heard_before_its_own_does_not_end_a_stream() -> None:
    scene = Scene()
    scene.one.opened(1)
    await scene.turns()
    newer = scene.other.opened(1)

    # Its own claim is not put yet, and that of the other process is heard.
    await scene.one.book.turn()
    scene.other.hub.hear(DOMAIN, node_id(1), mint())

    assert newer.ending is None


async def test_what_was_claimed_before_a_process_began_ends_none_of_its_streams() -> None:
    scene = Scene()
    scene.one.opened(1)
    await scene.one.book.turn()

    begun = scene.other.opened(1)
    await scene.turns()

    assert begun.ending is None


async def test_while_the_database_is_away_streams_stay_and_claim_afterwards() -> None:
    scene = Scene()
    older = scene.one.opened(1)
    await scene.turns()
    scene.claims.is_away = True
    newer = scene.other.opened(1)
    for process in (scene.one, scene.other):
        with pytest.raises(StoreUnavailable):
            await process.book.turn()
    assert [older.ending, newer.ending] == [None, None]

    scene.claims.is_away = False
    await scene.turns()

    assert [older.ending, newer.ending] == [Ending.REPLACED, None]


async def test_a_crowd_of_streams_costs_a_few_statements_and_one_ring() -> None:
    """D24: as many as come back at once after a restart."""
    scene, calls = Scene(), count()
    put = scene.claims.put

    async def counted(batch: Any, /) -> None:
        next(calls)
        await put(batch)

    scene.claims.put = counted  # type: ignore[method-assign]
    for number in range(1, 5 * BATCH + 1):
        scene.one.opened(number)

    await scene.one.book.turn()

    assert (next(calls), scene.one.rung) == (5, 1)


async def test_a_stream_that_ended_at_once_claims_nothing() -> None:
    scene = Scene()
    older = scene.one.opened(1)
    await scene.turns()
    scene.other.opened(1).end(Ending.ENDED)

    await scene.turns()

    assert older.ending is None


async def test_cloned_machines_on_two_processes_are_refused_for_a_while_as_well() -> None:
    """H36: replacements from elsewhere are counted, also when no stream is left here to be replaced."""
    scene = Scene()
    machines = [scene.one, scene.other] * MOST_REPLACEMENTS
    for process in machines:
        process.opened(1)
        await scene.turns()

    assert machines[-1] is scene.other
    with pytest.raises(StreamsReplacedTooOften):
        scene.one.opened(1)
    scene.one.opened(2)
    scene.clock.advance(WITHIN_SECONDS)

    scene.one.opened(1)


async def test_a_claim_put_between_ones_own_and_the_reading_ends_the_stream() -> None:
    """H36: one row is kept of a node, so nobody reads of the claim that was overtaken."""
    scene = Scene()
    await scene.turns()
    older = scene.one.opened(1)
    scene.claims.put_behind = [StreamClaim(DOMAIN, node_id(1), mint())]

    await scene.turns()

    assert older.ending is Ending.REPLACED


async def test_a_stream_that_was_closed_before_it_ended_claims_nothing() -> None:
    """D24: one that was refused after all ends no good one of another process."""
    scene = Scene()
    good = scene.one.opened(1)
    await scene.turns()
    scene.other.hub.close(scene.other.opened(1))

    await scene.turns()

    assert good.ending is None


class NewestWins(RuleBasedStateMachine):
    """Streams open and close in three processes, whose turns come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.claims = FakeClock(), MemoryStreamClaims()
        self.processes = [ProcessOfStreams(self.claims, self.clock) for _ in range(3)]
        self.streams: list[tuple[ProcessOfStreams, NodeStream]] = []
        self.deserted: set[NodeId] = set()
        self.foreign: set[UUID] = set()

    @rule(place=st.integers(0, 2), node=st.integers(1, 2))
    def open(self, place: int, node: int) -> None:
        self.clock.advance(WITHIN_SECONDS)
        process = self.processes[place]
        self.streams.append((process, process.opened(node)))

    @precondition(lambda self: self.streams)
    @rule(place=st.integers(0, 100))
    def leave(self, place: int) -> None:
        process, stream = self.streams.pop(place % len(self.streams))
        stream.end(Ending.ENDED)
        process.hub.close(stream)
        self.deserted.add(stream.node_id)

    @rule(place=st.integers(0, 2))
    def turn(self, place: int) -> None:
        asyncio.run(self.processes[place].book.turn())

    @rule(place=st.integers(0, 2), node=st.integers(1, 2))
    def turn_overtaken(self, place: int, node: int) -> None:
        """A process that has no streams here claims a node between what this one puts and what it reads."""
        claim = StreamClaim(DOMAIN, node_id(node), mint())
        self.claims.put_behind = [claim]
        self.turn(place)
        self.foreign.add(claim.stream_id)

    def teardown(self) -> None:
        for _ in range(2):
            for place in range(3):
                self.turn(place)
        claims = [claim for _, claim in asyncio.run(self.claims.behind(0, 10))]
        for claim in claims:
            mine = [stream for _, stream in self.streams if stream.node_id == claim.node_id]
            left = [stream for stream in mine if stream.ending is None]
            winner = [stream for stream in mine if stream.id == claim.stream_id]
            if claim.stream_id in self.foreign:
                assert not left
                continue
            # Whoever was left by its reader ended others before.
            assert left in ([winner] if claim.node_id not in self.deserted else [winner, []])


TestNewestWins = NewestWins.TestCase
TestNewestWins.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
