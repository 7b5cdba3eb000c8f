"""What lets ticked time pass, in one process at a time (design D26)."""

import asyncio
import logging
from math import ceil
from typing import Final
from uuid import UUID

from plexsphere.fleet.ports.liveness import ClockReading, LivenessClock
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.ticks")

PERIOD_SECONDS: Final = 0.25
# Who sees no beat for so long takes the clock over.
LEASE_SECONDS: Final = 5.0
# Processes that record heartbeats say so each second; without any word for so long, no time passes.
SERVED_WITHIN_SECONDS: Final = 3.0
# What one tick vouches for at most: during a longer gap heartbeats may not have been recorded.
MOST_SECONDS: Final = 5.0
SHORTEST_PAUSE_SECONDS: Final = 1.0


class Ticker:
    """
    Holds the clock or watches it.

    The holder adds what its own monotonic clock says has passed; nothing else measures time. The others see the
    clock beat, and one of them takes it over when it stands still. Time in which nobody recorded heartbeats is a
    pause: it is not counted, and a pause longer than a Domain's interval makes every age there begin anew, for a
    heartbeat that could not be recorded is not one that was missed.
    """

    def __init__(self, clock: LivenessClock, machine: Clock, holder: UUID) -> None:
        self._clock: Final = clock
        self._machine: Final = machine
        self._holder: Final = holder
        self._beats = -1
        self._beaten_at = 0.0
        self._served = -1
        self._served_at = 0.0
        self._counted_to = 0.0
        self.is_holder = False

    async def run(self) -> None:
        """Advance until cancelled."""
        while True:
            try:
                await self.tick()
            except StoreUnavailable:
                LOG.warning("the database is away; no time passes for nodes until it is back")
            await asyncio.sleep(PERIOD_SECONDS)

    async def tick(self) -> None:
        """
        Advance the tick where this process holds the clock, or take it over where nobody does.

        Raises:
            StoreUnavailable: the pause that this begins is counted when the store is back.
        """
        moment = self._machine.monotonic()
        reading = await self._clock.read()
        if reading.served != self._served:
            self._served, self._served_at = reading.served, moment
        if reading.holder == self._holder and self.is_holder:
            await self._advance(moment, reading)
        else:
            await self._watch(moment, reading)

    async def _advance(self, moment: float, reading: ClockReading) -> None:
        gap = moment - self._counted_to
        is_sure, self._beats = reading.beats == self._beats, reading.beats
        if moment - self._served_at > SERVED_WITHIN_SECONDS:
            await self._beat(0, 0)
            return
        # A beat whose answer was lost may have counted what lies before it: none of that is counted twice.
        counted_ms = round(min(gap, MOST_SECONDS) * 1000) if is_sure else 0
        if await self._beat(counted_ms, ceil(gap) if gap > SHORTEST_PAUSE_SECONDS else 0):
            self._counted_to = moment

    async def _beat(self, counted_ms: int, pause_seconds: int) -> bool:
        self.is_holder = await self._clock.advance(self._holder, counted_ms, pause_seconds)
        self._beats += 1
        return self.is_holder

    async def _watch(self, moment: float, reading: ClockReading) -> None:
        self.is_holder = False
        if reading.beats != self._beats:
            self._beats, self._beaten_at = reading.beats, moment
        elif moment - self._beaten_at > LEASE_SECONDS:
            self.is_holder = await self._clock.take(self._holder, reading.beats)
            self._beats, self._beaten_at = reading.beats + 1, moment
            self._counted_to = self._machine.monotonic()
