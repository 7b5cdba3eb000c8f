"""Use case: find out what became of a write whose writer is gone."""

import logging
from dataclasses import dataclass
from typing import Final

from plexsphere.managed_push.application.deadline import within_deadline
from plexsphere.managed_push.application.open_credential import OpenCredential
from plexsphere.managed_push.application.record_push import Landed, RecordPush
from plexsphere.managed_push.application.record_rollback import RecordRollback
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import ClusterUnreachable
from plexsphere.managed_push.domain.intent import Deed, Intent
from plexsphere.managed_push.domain.server_url import is_same_server
from plexsphere.managed_push.domain.target import Target
from plexsphere.managed_push.ports.cluster import Cluster
from plexsphere.managed_push.ports.journal import Journal
from plexsphere.managed_push.ports.records import Records
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.managed_push")


@dataclass(frozen=True, slots=True)
class SettleWrite:
    """
    Look at the cluster and make the trail agree with it: what landed is recorded, what did not is struck out.

    Nothing is written to the cluster. To be called past the intent's lease, or by its writer. Returns False where the
    cluster cannot be asked: its credential was taken away, is another cluster's, or it does not answer.
    """

    targets: Targets
    records: Records
    journal: Journal
    open_credential: OpenCredential
    cluster: Cluster
    record_push: RecordPush
    record_rollback: RecordRollback

    async def __call__(self, intent: Intent) -> bool:
        if intent.deed is Deed.PUSH and not intent.is_captured:
            await self.journal.close(intent)
            return True
        target = await self.targets.get(intent.domain_id)
        if target is None or not is_same_server(target.api_server_url, intent.api_server_url):
            return False
        try:
            now = await self._asked(intent, target)
        except ClusterUnreachable:
            LOG.warning("what became of push %s cannot be told: its cluster does not answer", intent.push_id)
            return False
        await (
            self._settle_push(intent, now) if intent.deed is Deed.PUSH else self._settle_rollback(intent, now)
        )
        return True

    async def or_leave(self, intent: Intent) -> bool:
        """Settle it, or leave it where it is: whatever is wrong with one of them, the others are settled."""
        try:
            return await self(intent)
        except StoreUnavailable:
            raise
        # An object that makes no sense, a credential that does not open: it is tried again past its next lease.
        except Exception as error:
            LOG.error("intent %s cannot be settled (%s)", intent.push_id, type(error).__name__)
            return False

    async def _asked(self, intent: Intent, target: Target) -> ClusterObject | None:
        access = await self.open_credential(target)
        async with within_deadline(), self.cluster.session(access) as session:
            return await session.get_hook(*intent.request.place)

    async def _settle_push(self, intent: Intent, now: ClusterObject | None) -> None:
        if now is not None and intent.has_landed(now):
            await self.record_push(intent, Landed(intent.prior_behind(now), now))
        else:
            await self.journal.close(intent)

    async def _settle_rollback(self, intent: Intent, now: ClusterObject | None) -> None:
        record = await self.records.get(intent.domain_id, intent.push_id)
        if record is not None and record.can_roll_back() and record.is_undone_by(now):
            await self.record_rollback(intent, record)
        else:
            await self.journal.close(intent)
