"""Use case: write a push that landed into the trail."""

from dataclasses import dataclass

from plexsphere.managed_push.application.audited import audited
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.intent import Intent
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.ports.journal import Journal
from plexsphere.managed_push.ports.records import Records
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Landed:
    """A push that the cluster holds: what was there before, None for nothing, and what is there now."""

    prior_state: ClusterObject | None
    object: ClusterObject


@dataclass(frozen=True, slots=True)
class RecordPush:
    """
    Make the record of an intent that landed; the intent is struck out and the deed audited in the same moment.

    Whoever comes second finds the record of the first.

    Raises:
        DomainNotFound: the Domain is gone.
    """

    unit_of_work: UnitOfWork
    records: Records
    journal: Journal
    trail: AuditTrail
    clock: Clock

    async def __call__(self, intent: Intent, landed: Landed) -> Record:
        record = record_of(intent, landed, self.clock)
        async with self.unit_of_work():
            if not await self.journal.close(intent):
                settled = await self.records.get(intent.domain_id, intent.push_id)
                if settled is not None:
                    return settled
            # Struck out by somebody who looked too early it is recorded all the same: the cluster holds it.
            await self.records.add(record)
            self.trail.record(
                audited(intent.domain_id, intent.author, "managed_push.push", push=str(intent.push_id))
            )
        return record


def record_of(intent: Intent, landed: Landed, clock: Clock) -> Record:
    """Return the record that the intent comes to."""
    return Record(
        id=intent.push_id,
        domain_id=intent.domain_id,
        request=intent.request,
        prior_state=landed.prior_state,
        object_uid=landed.object.uid,
        kubeconfig_sha256=intent.kubeconfig_sha256,
        api_server_url=intent.api_server_url,
        pushed_at=clock.now(),
    )
