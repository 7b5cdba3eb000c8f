"""Heartbeats are written together, each node's newest, and none that was acknowledged is dropped (D28)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.application.heartbeat_book import BATCH, LONGEST_UNWRITTEN_SECONDS, HeartbeatBook
from plexsphere.fleet.ports.heartbeats import Heartbeat, Recorded, ToldChecksum
from plexsphere.platform.kernel.events import SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.fleet import (
    DOMAIN,
    OTHER_DOMAIN,
    FleetStore,
    FleetUnitOfWork,
    HeardBinaries,
    MemoryAnnouncements,
    MemoryLivenessClock,
    a_node,
)
from tests.support.identity import EPOCH, FakeClock


class Records:
    """Keeps each batch; may be away, may find nodes changed or held, and may be interrupted by another heartbeat."""

    def __init__(self) -> None:
        self.batches: list[list[Heartbeat]] = []
        self.changed: list[tuple[DomainId, NodeId]] = []
        self.held: frozenset[NodeId] = frozenset()
        self.told: list[ToldChecksum] = []
        self.kept: list[ToldChecksum] = []
        self.is_away = False
        self.meanwhile: Heartbeat | None = None
        self.book: HeartbeatBook | None = None

    async def record(self, batch: Sequence[Heartbeat], moment: float, /) -> Recorded:
        if self.is_away:
            raise StoreUnavailable
        self.batches.append(list(batch))
        if self.meanwhile and self.book:
            self.book.note(self.meanwhile)
            self.meanwhile = None
        return Recorded(self.changed, self.held, self.told)

    async def keep_checksums(self, told: Sequence[ToldChecksum], /) -> None:
        self.kept += told


class Scene:
    """A book over records of its own."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store, self.records = FleetStore(self.clock), Records()
        self.binaries = HeardBinaries()
        self.book = HeartbeatBook(
            FleetUnitOfWork(self.store),
            self.records,
            MemoryAnnouncements(self.store),
            MemoryLivenessClock(self.store),
            self.binaries,
            self.clock,
        )
        self.records.book = self.book


def heartbeat(number: int, seconds: int = 0, domain_id: DomainId = DOMAIN) -> Heartbeat:
    received_at = EPOCH + timedelta(seconds=seconds)
    return Heartbeat(domain_id, a_node(number).id, received_at, "", False, noted_at=float(seconds))


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([DOMAIN, OTHER_DOMAIN])), max_size=30))
async def test_each_nodes_newest_heartbeat_is_written_in_the_order_of_locks(
    arrivals: list[tuple[int, DomainId]],
) -> None:
    scene = Scene()
    newest: dict[NodeId, Heartbeat] = {}
    for second, (number, domain_id) in enumerate(arrivals):
        noted = heartbeat(number + (10 if domain_id == OTHER_DOMAIN else 0), second, domain_id)
        newest[noted.node_id] = noted
        scene.book.note(noted)

    await scene.book.flush()
    await scene.book.flush()

    written = [each for batch in scene.records.batches for each in batch]
    assert written == sorted(newest.values(), key=lambda each: (each.domain_id, each.node_id))


async def test_what_could_not_be_written_waits_for_the_store() -> None:
    """H18: a heartbeat that was answered with 200 outlives an outage."""
    scene = Scene()
    scene.records.is_away = True
    scene.book.note(heartbeat(1))
    with pytest.raises(StoreUnavailable):
        await scene.book.flush()
    scene.records.is_away = False

    await scene.book.flush()

    assert scene.records.batches == [[heartbeat(1)]]


async def test_a_heartbeat_that_comes_while_another_is_written_is_written_next() -> None:
    scene = Scene()
    scene.book.note(heartbeat(1))
    scene.records.meanwhile = heartbeat(1, seconds=1)

    await scene.book.flush()
    await scene.book.flush()

    assert scene.records.batches == [[heartbeat(1)], [heartbeat(1, seconds=1)]]


async def test_a_heartbeat_of_a_node_that_somebody_holds_is_written_with_the_next() -> None:
    """D28: and the others are not kept waiting for it."""
    scene = Scene()
    scene.records.held = frozenset({a_node(1).id})
    for number in (1, 2):
        scene.book.note(heartbeat(number))
    await scene.book.flush()
    assert (scene.book.waiting, scene.book.written) == (1, 1)
    scene.records.held = frozenset()

    await scene.book.flush()

    assert scene.records.batches == [[heartbeat(1), heartbeat(2)], [heartbeat(1)]]
    assert (scene.book.waiting, scene.book.written) == (0, 2)


async def test_no_statement_is_larger_than_a_batch() -> None:
    scene = Scene()
    for number in range(BATCH + 1):
        scene.book.note(heartbeat(number))

    await scene.book.flush()

    assert [len(batch) for batch in scene.records.batches] == [BATCH, 1]


async def test_a_node_that_became_reachable_is_read_again_everywhere_and_nobody_is_told() -> None:
    scene = Scene()
    scene.records.changed = [(DOMAIN, a_node(1).id)]
    scene.book.note(heartbeat(1))

    await scene.book.flush()

    [row] = scene.store.state.announced
    assert (row.kind, row.subject, row.frames, row.recipients) == (
        SubjectKind.NODE,
        a_node(1).id,
        (),
        (),
    )


async def test_a_heartbeat_without_a_checksum_keeps_the_one_told_a_moment_before() -> None:
    scene = Scene()
    scene.book.note(heartbeat(1)._replace(binary_checksum="sha256:aa"))
    scene.book.note(heartbeat(1, seconds=5))

    await scene.book.flush()

    assert scene.records.batches == [[heartbeat(1, seconds=5)._replace(binary_checksum="sha256:aa")]]


async def test_what_cannot_be_written_for_long_is_refused_so_that_agents_turn_elsewhere() -> None:
    """H25: another process may tick on, and must not miss who was heard here."""
    scene = Scene()
    scene.records.is_away = True
    noted = heartbeat(1)._replace(noted_at=scene.clock.monotonic())
    scene.book.note(noted)
    with pytest.raises(StoreUnavailable):
        await scene.book.flush()

    scene.book.note(noted._replace(noted_at=noted.noted_at + LONGEST_UNWRITTEN_SECONDS))
    with pytest.raises(StoreUnavailable):
        scene.book.note(noted._replace(noted_at=noted.noted_at + LONGEST_UNWRITTEN_SECONDS + 1))

    scene.records.is_away = False
    await scene.book.flush()
    scene.book.note(noted._replace(noted_at=noted.noted_at + 60))


async def test_whoever_writes_heartbeats_shows_it_even_where_there_are_none() -> None:
    scene = Scene()

    await scene.book.flush()

    assert scene.store.state.clock.served == 1


async def test_checksums_that_changed_are_judged_and_then_kept() -> None:
    """Heartbeats whose checksums are as before ask nobody."""
    scene = Scene()
    told = [ToldChecksum(DOMAIN, a_node(number).id, "aa") for number in (1, 2)]
    scene.book.note(heartbeat(1))
    await scene.book.flush()
    before = list(scene.binaries.heard)

    scene.records.told, scene.binaries.held = told, frozenset({told[0].node_id})
    scene.book.note(heartbeat(1))
    await scene.book.flush()

    assert before == []
    assert (scene.binaries.heard, scene.records.kept) == (told, told[1:])


async def test_binaries_that_nobody_judges_keep_no_heartbeat_from_being_written() -> None:
    scene = Scene()
    scene.records.told, scene.binaries.is_away = [ToldChecksum(DOMAIN, a_node(1).id, "aa")], True
    scene.book.note(heartbeat(1))

    with pytest.raises(StoreUnavailable):
        await scene.book.flush()

    assert (scene.book.waiting, scene.book.written, scene.records.kept) == (0, 1, [])
    scene.clock.advance(LONGEST_UNWRITTEN_SECONDS + 1)
    scene.book.note(heartbeat(1, seconds=int(LONGEST_UNWRITTEN_SECONDS) + 1))
