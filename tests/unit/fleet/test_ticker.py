"""Ticked time is what one process vouches for, and never what nobody could record (D26)."""

from uuid import UUID

import pytest

from plexsphere.fleet.application.ticker import (
    LEASE_SECONDS,
    MOST_SECONDS,
    SERVED_WITHIN_SECONDS,
    Ticker,
)
from plexsphere.fleet.ports.liveness import LivenessClock
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.fleet import LONGEST_PAUSE, FleetStore, MemoryLivenessClock, StoredClock
from tests.support.identity import FakeClock

ONE, OTHER = UUID(int=1), UUID(int=2)


class Scene:
    """Two processes that tick, by one machine's time, and a third that records heartbeats."""

    def __init__(self) -> None:
        self.time = FakeClock()
        self.store = FleetStore(self.time)
        self.clock: LivenessClock = MemoryLivenessClock(self.store)
        self.one, self.other = (Ticker(self.clock, self.time, each) for each in (ONE, OTHER))
        self.is_served = True

    @property
    def stored(self) -> StoredClock:
        return self.store.state.clock

    async def step(self, *ticking: Ticker, seconds: float = 0.25) -> None:
        self.time.advance(seconds)
        if self.is_served:
            await self.clock.show_service()
        for each in ticking:
            await each.tick()

    async def steps(self, seconds: float, *ticking: Ticker) -> None:
        for _ in range(int(seconds * 4)):
            await self.step(*ticking)

    async def held_by_one(self) -> int:
        await self.steps(LEASE_SECONDS + 1, self.one)
        assert self.one.is_holder
        return self.stored.tick


async def test_the_holder_counts_the_time_of_its_own_monotonic_clock() -> None:
    scene = Scene()
    tick = await scene.held_by_one()

    await scene.steps(60, scene.one, scene.other)

    assert scene.stored.tick == tick + 60_000
    assert (scene.one.is_holder, scene.other.is_holder, scene.stored.holder) == (True, False, ONE)


async def test_a_clock_that_stands_still_is_taken_over_by_one_and_ages_begin_anew() -> None:
    """H25: whoever takes over does not know what was missed meanwhile."""
    scene = Scene()
    tick = await scene.held_by_one()
    await scene.step(scene.one, scene.other)

    await scene.steps(LEASE_SECONDS, scene.other)
    assert not scene.other.is_holder
    await scene.step(scene.other)

    assert (scene.other.is_holder, scene.stored.holder) == (True, OTHER)
    assert scene.stored.pauses == {LONGEST_PAUSE: tick + 250}
    await scene.step(scene.one, scene.other)
    assert (scene.one.is_holder, scene.stored.tick) == (False, tick + 500)


async def test_a_pause_is_not_counted_and_is_remembered() -> None:
    """H25: a process that stood still, or whose store was away, vouches for nothing."""
    scene = Scene()
    tick = await scene.held_by_one()

    await scene.step(scene.one, seconds=600)

    assert scene.stored.tick == tick + MOST_SECONDS * 1000
    assert scene.stored.pauses == {LONGEST_PAUSE: 0, 600: scene.stored.tick}


async def test_an_outage_of_the_store_is_a_pause() -> None:
    """H25: ten minutes without a database."""
    scene = Scene()
    await scene.held_by_one()
    scene.store.is_away = True
    for _ in range(600):
        scene.time.advance(1)
        with pytest.raises(StoreUnavailable):
            await scene.one.tick()
    scene.store.is_away = False

    await scene.step(scene.one)

    assert max(scene.stored.pauses.items(), key=lambda each: each[1])[0] == 601


async def test_no_time_passes_while_nobody_records_heartbeats() -> None:
    """H25: the ticker alone is up, and no agent could be heard."""
    scene = Scene()
    tick = await scene.held_by_one()
    scene.is_served = False
    await scene.steps(600, scene.one, scene.other)
    paused_at = scene.stored.tick
    scene.is_served = True
    await scene.steps(1, scene.one, scene.other)

    assert tick < paused_at <= tick + SERVED_WITHIN_SECONDS * 1000
    assert (scene.one.is_holder, scene.other.is_holder) == (True, False)
    assert max(scene.stored.pauses) == LONGEST_PAUSE
    assert 598 in scene.stored.pauses


async def test_time_whose_answer_was_lost_is_never_counted_twice() -> None:
    scene = Scene()
    tick = await scene.held_by_one()
    scene.time.advance(2)
    await scene.clock.advance(ONE, 2000, 2)

    await scene.step(scene.one, seconds=1)

    assert scene.stored.tick == tick + 2000
    await scene.step(scene.one)
    assert scene.stored.tick == tick + 2250


async def test_who_lost_the_clock_counts_nothing_any_more() -> None:
    scene = Scene()
    await scene.held_by_one()
    await scene.clock.take(OTHER, scene.stored.beats)
    tick = scene.stored.tick

    await scene.steps(4, scene.one)

    assert (scene.one.is_holder, scene.stored.tick, scene.stored.holder) == (False, tick, OTHER)
