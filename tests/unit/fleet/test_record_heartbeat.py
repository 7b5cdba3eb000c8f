"""A heartbeat counts at our time; the agent's clock can only show that it is wrong (D2, D28)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.application.heartbeat_book import HeartbeatBook
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.record_heartbeat import LONGEST_CHECKSUM, RecordHeartbeat
from plexsphere.fleet.ports.heartbeats import Heartbeat, Recorded, ToldChecksum
from tests.support.fleet import (
    DOMAIN,
    FleetStore,
    FleetUnitOfWork,
    HeardBinaries,
    MemoryAnnouncements,
    MemoryLivenessClock,
    a_node,
)
from tests.support.identity import EPOCH, FakeClock

NODE = a_node(1)


class Kept:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[Heartbeat] = []

    async def record(self, batch: Sequence[Heartbeat], moment: float, /) -> Recorded:
        self.written += batch
        return Recorded(())

    async def keep_checksums(self, told: Sequence[ToldChecksum], /) -> None:
        raise NotImplementedError


class Scene:
    """A node's heartbeats, and the book they go to."""

    def __init__(self) -> None:
        self.clock, self.kept = FakeClock(), Kept()
        store = FleetStore(self.clock)
        self.book = HeartbeatBook(
            FleetUnitOfWork(store),
            self.kept,
            MemoryAnnouncements(store),
            MemoryLivenessClock(store),
            HeardBinaries(),
            self.clock,
        )
        self.reconciles = ReconcileBook(self.clock)
        self.record = RecordHeartbeat(self.book, self.reconciles, self.clock)

    async def written(self) -> Heartbeat:
        await self.book.flush()
        [heartbeat] = self.kept.written
        return heartbeat


@given(st.timedeltas(timedelta(days=-20_000), timedelta(days=20_000)))
async def test_more_than_two_minutes_apart_is_skewed_and_the_time_is_ours(apart: timedelta) -> None:
    """H26: whatever the agent claims, only the mark depends on it."""
    scene = Scene()

    scene.record(DOMAIN, NODE.id, EPOCH + apart, "")

    written = await scene.written()
    assert written.received_at == EPOCH
    assert written.clock_skewed == (abs(apart) > timedelta(minutes=2))


async def test_a_timestamp_left_out_says_nothing() -> None:
    scene = Scene()

    scene.record(DOMAIN, NODE.id, None, "")

    assert not (await scene.written()).clock_skewed


async def test_a_checksum_is_kept_up_to_its_bound() -> None:
    scene = Scene()

    scene.record(DOMAIN, NODE.id, None, "x" * 1000)

    assert (await scene.written()).binary_checksum == "x" * LONGEST_CHECKSUM


@pytest.mark.parametrize("asked", [True, False])
async def test_a_node_is_asked_to_reconcile_once(asked: bool) -> None:
    scene = Scene()
    if asked:
        scene.reconciles.ask(NODE.id)

    answers = [scene.record(DOMAIN, NODE.id, None, "") for _ in range(2)]

    assert answers == [asked, False]
