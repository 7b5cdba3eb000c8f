"""The hub serves one stream for each node, tells those whom a row concerns, and bounds what they may demand."""

import asyncio
from dataclasses import replace

import pytest

from plexsphere.fleet.application.mesh_views import sighted
from plexsphere.fleet.application.node_stream import (
    MOST_GATHERED_FRAMES,
    MOST_QUEUED_FRAMES,
    Ending,
    NodeStream,
)
from plexsphere.fleet.application.reconcile_book import SPREAD_SECONDS, ReconcileBook
from plexsphere.fleet.application.stream_hub import (
    LATELY,
    MOST_REPLACEMENTS,
    REVOKED_SECONDS,
    WITHIN_SECONDS,
    StreamHub,
)
from plexsphere.fleet.domain.errors import StreamsReplacedTooOften, TooManyStreams
from plexsphere.identity.application.credential_cache import FRESH_SECONDS
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.events import EventType, SubjectKind
from tests.support.event_rows import a_long_row, a_row, a_stream, node_id
from tests.support.fleet import DOMAIN, a_node
from tests.support.fleet_sight import GroupSight, grouped
from tests.support.identity import FakeClock

MOVED = (EventType.PEER_ENDPOINT_CHANGED, 1)


def revoked(offset: int) -> Row:
    """A row that says that credentials of the Domain's nodes were revoked."""
    return replace(a_row(offset, to=[]), kind=SubjectKind.DOMAIN)


class Scene:
    """A hub over five nodes, of which 1 to 3 see each other."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.reconciles = ReconcileBook(self.clock)
        sight = GroupSight()
        for node in [*grouped([a_node(1), a_node(2), a_node(3)], "g"), a_node(4), a_node(5)]:
            sight.put(DOMAIN, sighted(node), 1)
        self.hub = StreamHub(sight, self.reconciles, self.clock)

    def opened(self, number: int) -> NodeStream:
        self.hub.require_room(DOMAIN, node_id(number))
        stream = a_stream(number)
        self.hub.open(stream)
        return stream


async def test_a_row_without_recipients_is_for_whoever_sees_its_subject() -> None:
    scene = Scene()
    streams = [scene.opened(number) for number in range(1, 5)]

    await scene.hub.tell(DOMAIN, [a_row(1, MOVED, subject=1)])

    assert [stream.is_idle for stream in streams] == [True, False, False, True]


async def test_a_row_with_recipients_is_for_them_alone() -> None:
    scene = Scene()
    streams = [scene.opened(number) for number in range(1, 5)]

    await scene.hub.tell(DOMAIN, [a_row(1, MOVED, subject=1, to=[1, 4])])

    assert [stream.is_idle for stream in streams] == [False, True, True, False]


async def test_who_is_named_for_it_is_asked_to_reconcile_within_one_interval() -> None:
    scene = Scene()

    await scene.hub.tell(DOMAIN, [a_row(1, subject=1, to=[], reconcile=[2])])
    scene.clock.advance(SPREAD_SECONDS)

    assert scene.reconciles.take(node_id(2))
    assert not scene.reconciles.take(node_id(3))


async def test_a_burst_is_no_fault_of_a_reader_that_takes_what_it_is_given() -> None:
    """H13: rows of one moment, more than a queue holds, end no stream whose connection takes them."""
    scene = Scene()
    stream, taken = scene.opened(1), []

    async def read() -> None:
        while stream.ending is None:
            while row := stream.next_row():
                taken.append(row.offset)
            await stream.woken()

    reader = asyncio.create_task(read())
    rows = [a_long_row(offset, 60) for offset in range(1, MOST_QUEUED_FRAMES)]
    await scene.hub.tell(DOMAIN, rows)
    await asyncio.sleep(0)

    assert stream.ending is None
    assert taken == [row.offset for row in rows]
    reader.cancel()


async def test_a_reader_that_its_connection_holds_up_is_cut() -> None:
    """H13: and it holds up nobody else."""
    scene = Scene()
    stalled, other = scene.opened(1), scene.opened(2)
    stalled.is_held_up = True

    await scene.hub.tell(DOMAIN, [a_long_row(n, 1, to=[1]) for n in range(1, MOST_QUEUED_FRAMES + 2)])
    await scene.hub.tell(DOMAIN, [a_long_row(MOST_QUEUED_FRAMES + 2, 1, to=[1, 2])])

    assert stalled.ending is Ending.TOO_SLOW
    assert not other.is_idle


async def test_a_stream_that_waits_for_its_turn_to_replay_is_not_cut_for_what_comes_meanwhile() -> None:
    """H13: it has caught up once nothing waits; from then on it is bounded as any other."""
    scene = Scene()
    stream = a_stream(1, replay=[a_long_row(1, 1)], told=1)
    scene.hub.open(stream)

    await scene.hub.tell(DOMAIN, [a_long_row(2 + n, 16) for n in range(MOST_GATHERED_FRAMES // 16)])

    assert (stream.ending, stream.queued_frames) == (None, MOST_GATHERED_FRAMES)
    while stream.next_row():
        pass
    await scene.hub.tell(DOMAIN, [a_long_row(1_000 + n, 16) for n in range(MOST_QUEUED_FRAMES // 16 + 1)])
    assert stream.ending is Ending.TOO_SLOW


async def test_what_gathers_beside_a_replay_is_bounded_too() -> None:
    """H13: rows are shared, and not without end."""
    scene = Scene()
    stream = a_stream(1, replay=[a_long_row(1, 1)], told=1)
    scene.hub.open(stream)

    await scene.hub.tell(DOMAIN, [a_long_row(2 + n, 16) for n in range(MOST_GATHERED_FRAMES // 16 + 1)])

    assert stream.ending is Ending.TOO_SLOW


async def test_a_reader_that_never_reads_is_cut_too() -> None:
    scene = Scene()
    stream = scene.opened(1)

    await scene.hub.tell(DOMAIN, [a_long_row(n, 1) for n in range(1, MOST_QUEUED_FRAMES + 2)])

    assert stream.ending is Ending.TOO_SLOW


def test_the_newest_stream_of_a_node_wins() -> None:
    """H36: the older one ends, and its end does not end the newer."""
    scene = Scene()
    older, newer = scene.opened(1), scene.opened(1)

    scene.hub.close(older)

    assert older.ending is Ending.REPLACED
    assert newer.ending is None
    assert len(scene.hub) == 1


def test_a_node_that_replaces_its_stream_again_and_again_is_refused_for_a_while() -> None:
    """H36: two machines with one identity do not drive each other out without end."""
    scene = Scene()
    for _ in range(MOST_REPLACEMENTS + 1):
        scene.opened(1)

    with pytest.raises(StreamsReplacedTooOften):
        scene.opened(1)
    scene.clock.advance(WITHIN_SECONDS)

    scene.opened(1)


def test_replacements_of_one_moment_are_counted_where_they_happen() -> None:
    """H36: room was there when each of them asked."""
    scene = Scene()
    streams = [a_stream(1) for _ in range(MOST_REPLACEMENTS + 2)]
    for _ in streams:
        scene.hub.require_room(DOMAIN, node_id(1))
    for stream in streams[:-1]:
        scene.hub.open(stream)

    with pytest.raises(StreamsReplacedTooOften):
        scene.hub.open(streams[-1])


def test_closing_gives_room_back_once() -> None:
    scene = Scene()
    one, other = scene.opened(1), scene.opened(2)

    for stream in (one, one, other):
        scene.hub.close(stream)

    assert len(scene.hub) == 0


async def test_a_stream_asked_for_before_the_end_is_not_opened_after_it() -> None:
    """H38: nothing is left that would keep the process from ending."""
    scene = Scene()
    open_stream = scene.opened(1)
    scene.hub.require_room(DOMAIN, node_id(2))

    await scene.hub.shut()

    assert open_stream.ending is Ending.SHUTDOWN
    with pytest.raises(TooManyStreams):
        scene.hub.open(a_stream(2))


def test_a_node_that_left_is_asked_nothing() -> None:
    """C35: its stream ends too."""
    scene = Scene()
    stream = scene.opened(1)
    scene.reconciles.ask(node_id(1))

    scene.hub.end(DOMAIN, node_id(1))

    assert stream.ending is Ending.ENDED
    assert not scene.reconciles.take(node_id(1))


def test_all_streams_of_a_domain_end_with_it() -> None:
    scene = Scene()
    streams = [scene.opened(1), scene.opened(4)]

    scene.hub.end_domain(DOMAIN)

    assert {stream.ending for stream in streams} == {Ending.ENDED}


async def test_what_was_opened_while_a_revoked_credential_was_still_trusted_ends_too() -> None:
    """C35: the row is heard before the last process has forgotten what it remembered (D9)."""
    assert REVOKED_SECONDS > FRESH_SECONDS
    scene = Scene()
    await scene.hub.tell(DOMAIN, [revoked(1)])
    scene.clock.advance(REVOKED_SECONDS - 0.1)
    thief = scene.opened(1)
    scene.hub.end_opened_since()
    assert thief.ending is None

    scene.clock.advance(0.1)
    scene.hub.end_opened_since()

    assert thief.ending is Ending.ENDED
    scene.hub.close(thief)
    scene.clock.advance(REVOKED_SECONDS)
    good = scene.opened(1)
    scene.hub.end_opened_since()
    assert good.ending is None


async def test_an_era_of_a_domain_ends_each_time_its_streams_do() -> None:
    """C35: so that who proved himself before is not let in after it."""
    scene = Scene()
    first = scene.hub.era(DOMAIN)
    assert scene.hub.era(DOMAIN) is first

    await scene.hub.tell(DOMAIN, [revoked(1)])
    second = scene.hub.era(DOMAIN)
    scene.clock.advance(REVOKED_SECONDS)
    scene.hub.end_opened_since()

    assert [first.is_over, second.is_over, scene.hub.era(DOMAIN).is_over] == [True, True, False]


@pytest.mark.parametrize(("late", "ending"), [(0.0, Ending.ENDED), (LATELY.total_seconds(), None)])
def test_a_process_that_meets_a_domain_after_a_revocation_ends_what_it_opened_too_early(
    late: float, ending: Ending | None
) -> None:
    """C35: the row is among those that nobody is told of any more; one of long ago ends nothing."""
    scene = Scene()
    row = replace(revoked(1), recorded_at=scene.clock.now())
    scene.clock.advance(late)
    scene.hub.begin(DOMAIN, [row, a_row(2)])
    stream = scene.opened(1)

    scene.clock.advance(REVOKED_SECONDS)
    scene.hub.end_opened_since()

    assert stream.ending is ending
