"""The sweeper: forgets what is over for long, a little at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.sweeper")

# How long an operator can still look at what is over: nodes that left, dead tokens, reports of drift.
KEPT: Final = timedelta(days=30)
PERIOD_SECONDS: Final = 3600.0
BATCH: Final = 500
# Others work between two batches.
PAUSE_SECONDS: Final = 0.05

# Forgets what ended longer ago than it is told, at most so many, in one transaction; says how many these were.
Sweep = Callable[[timedelta, int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Sweeper:
    """
    Sweeps in small transactions; any number of processes may do it at once, each passes the others' rows over.

    What the store is too busy for at one kind of thing is left for the next hour, and keeps no other kind waiting.
    """

    sweeps: Sequence[Sweep]

    async def run(self) -> None:
        """Sweep what ended more than 30 days ago, now and every hour, until cancelled."""
        while True:
            try:
                await self.sweep(KEPT)
            except StoreUnavailable:
                LOG.warning("the database is away; sweeping waits for another hour")
            await asyncio.sleep(PERIOD_SECONDS)

    async def sweep(self, kept: timedelta) -> int:
        """Forget everything that ended longer ago; return how much that was."""
        return sum([await _all(sweep, kept) for sweep in self.sweeps])


async def _all(sweep: Sweep, kept: timedelta) -> int:
    total = 0
    try:
        while swept := await sweep(kept, BATCH):
            total += swept
            await asyncio.sleep(PAUSE_SECONDS)
    except StoreOverloaded:
        LOG.warning("the database was too busy for a part of the sweep, which waits for another hour")
    return total
