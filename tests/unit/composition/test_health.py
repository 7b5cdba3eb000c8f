"""Whether the process is ready, however many ask."""

import asyncio

from plexsphere.api.v1.meta.wiring import Version
from plexsphere.composition.health import KEPT_SECONDS, ProcessHealth
from plexsphere.platform.events.lag import SequencerLag
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.bare_server import HandClock

ASKING = 500


class Datastore:
    """Answers, or does not, and counts who asks."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked = 0
        self.at_once = 0
        self._now = 0

    async def __call__(self) -> None:
        self.asked += 1
        self._now += 1
        self.at_once = max(self.at_once, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        if self.is_away:
            raise StoreUnavailable


class NoLag(SequencerLag):
    """Says that nothing waits."""

    def __init__(self) -> None:
        self.oldest_seconds = 0.0


def health_of(datastore: Datastore, clock: HandClock) -> ProcessHealth:
    return ProcessHealth({"datastore": datastore}, Version("1", "", ""), NoLag(), clock)


async def test_however_many_ask_at_once_the_datastore_is_asked_once() -> None:
    """M21, H15: anybody may ask, and heartbeats need the same connections."""
    datastore = Datastore()
    health = health_of(datastore, HandClock())

    told = await asyncio.gather(*(health.ready() for _ in range(ASKING)))

    assert (datastore.asked, datastore.at_once) == (1, 1)
    assert {each.status for each in told} == {"ok"}


async def test_what_was_told_is_told_again_for_a_second_and_no_longer() -> None:
    """M21."""
    datastore, clock = Datastore(), HandClock()
    health = health_of(datastore, clock)
    await health.ready()
    datastore.is_away = True

    clock.seconds += KEPT_SECONDS / 2
    within = await health.ready()
    clock.seconds += KEPT_SECONDS / 2
    later = await health.ready()

    assert (within.status, later.status, datastore.asked) == ("ok", "down", 2)


async def test_one_who_leaves_while_he_is_answered_keeps_nobody_from_an_answer() -> None:
    health = health_of(Datastore(), HandClock())
    leaving = asyncio.create_task(health.ready())
    waiting = asyncio.create_task(health.ready())
    await asyncio.sleep(0)

    leaving.cancel()

    assert (await waiting).status == "ok"
