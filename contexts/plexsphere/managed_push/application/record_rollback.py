"""Use case: write a rollback that landed into the trail."""

from dataclasses import dataclass

from plexsphere.managed_push.application.audited import audited
from plexsphere.managed_push.domain.intent import Intent
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.ports.journal import Journal
from plexsphere.managed_push.ports.records import Records
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RecordRollback:
    """
    Flip the record of a push that is undone; the intent is struck out and the deed audited in the same moment.

    Whoever comes second finds what the first wrote.
    """

    unit_of_work: UnitOfWork
    records: Records
    journal: Journal
    trail: AuditTrail
    clock: Clock

    async def __call__(self, intent: Intent, record: Record) -> Record:
        undone = record.rolled_back(self.clock.now())
        async with self.unit_of_work():
            await self.journal.close(intent)
            if not await self.records.roll_back(undone):
                return await self.records.get(record.domain_id, record.id) or undone
            self.trail.record(
                audited(intent.domain_id, intent.author, "managed_push.rollback", push=str(record.id))
            )
        return undone
