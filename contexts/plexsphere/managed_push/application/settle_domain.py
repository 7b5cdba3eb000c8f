"""Use case: bring a Domain's open writes to an end before its credential goes."""

import asyncio
from dataclasses import dataclass
from typing import Final

from plexsphere.managed_push.application.deadline import LEASE, PAUSE_SECONDS
from plexsphere.managed_push.application.settle_write import SettleWrite
from plexsphere.managed_push.ports.journal import Journal
from plexsphere.platform.kernel.ids import DomainId, PushId

MOST_AT_ONCE: Final = 8
MOST_LEFT: Final = 64


@dataclass(frozen=True, slots=True)
class SettleDomain:
    """
    Wait for the writes that are under way, for a lease at most, and settle those whose writer is gone.

    What cannot be settled, since its cluster does not answer, stays in the journal.
    """

    journal: Journal
    settle_write: SettleWrite

    async def __call__(self, domain_id: DomainId) -> None:
        await self._until_nobody_writes(domain_id)
        left = set[PushId]()
        while len(left) < MOST_LEFT:
            # Those that cannot be settled are the oldest, and must not hide the others.
            overdue = await self.journal.overdue_of(domain_id, MOST_AT_ONCE + len(left))
            tried = [intent for intent in overdue if intent.push_id not in left]
            if not tried:
                return
            settled = await asyncio.gather(*map(self.settle_write.or_leave, tried))
            left |= {
                intent.push_id for intent, is_settled in zip(tried, settled, strict=True) if not is_settled
            }

    async def _until_nobody_writes(self, domain_id: DomainId) -> None:
        # Of a writer that was killed nobody hears until its lease is over.
        for _ in range(round(LEASE.total_seconds() / PAUSE_SECONDS) + 1):
            if not await self.journal.has_live(domain_id):
                return
            await asyncio.sleep(PAUSE_SECONDS)
