"""The sweeper of intents whose writer is gone (hardening C30)."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from plexsphere.managed_push.application.deadline import LEASE
from plexsphere.managed_push.application.settle_write import SettleWrite
from plexsphere.managed_push.ports.journal import Journal
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.managed_push")

PERIOD_SECONDS: Final = 5.0
MOST_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class SweepIntents:
    """Settles intents past their lease, eight at a time; any number of processes may do so at once."""

    journal: Journal
    settle_write: SettleWrite

    async def run(self) -> None:
        """Sweep every 5 s until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailable:
                LOG.warning("the database is away; intents wait for another %d s", PERIOD_SECONDS)
            await asyncio.sleep(PERIOD_SECONDS)

    async def sweep(self) -> int:
        """Settle what is overdue; return how much that was."""
        intents = await self.journal.take_overdue(MOST_AT_ONCE, LEASE)
        return sum(await asyncio.gather(*map(self.settle_write.or_leave, intents)))
