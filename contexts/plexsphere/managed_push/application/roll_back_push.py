"""Use case: reverse an applied push, once."""

from dataclasses import dataclass

from plexsphere.managed_push.application.get_push import GetPush
from plexsphere.managed_push.application.object_turn import ObjectTurn
from plexsphere.managed_push.application.open_credential import OpenCredential
from plexsphere.managed_push.application.record_rollback import RecordRollback
from plexsphere.managed_push.application.restore_prior_state import RestorePriorState
from plexsphere.managed_push.domain.errors import ClusterConflict
from plexsphere.managed_push.domain.intent import Author, Deed, Intent
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.domain.server_url import is_same_server
from plexsphere.managed_push.domain.target import Target, require_configured
from plexsphere.managed_push.ports.cluster import Cluster
from plexsphere.managed_push.ports.records import Records
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.ids import DomainId, PushId


@dataclass(frozen=True, slots=True)
class RollBackPush:
    """
    Bring the object back to its prior state and flip the record (managed-push.md, Rollback semantics).

    A Domain that opted out may still roll back; only the credential must be there. Of several callers one does it, and
    the others wait for him and answer from what came of it.

    Raises:
        PushNotFound: the Domain has no such push.
        AlreadyRolledBack: it was rolled back before.
        NotConfigured: the Domain has no target.
        ClusterConflict: a newer push of the object is applied, the target is another cluster, the object is another
            one, or somebody else owns what must be restored.
        ClusterUnreachable: the cluster did not do it; the push stays applied.
    """

    get_push: GetPush
    targets: Targets
    records: Records
    open_credential: OpenCredential
    cluster: Cluster
    object_turn: ObjectTurn
    restore: RestorePriorState
    record_rollback: RecordRollback

    async def __call__(self, domain_id: DomainId, push_id: PushId, author: Author) -> Record:
        record = await self._applied(domain_id, push_id)
        target = require_configured(await self.targets.get(domain_id), domain_id)
        if not is_same_server(target.api_server_url, record.api_server_url):
            raise ClusterConflict
        access = await self.open_credential(target)
        intent = _intent(record, target, author)
        async with self.object_turn(intent, lambda: self._due(domain_id, push_id)) as turn:
            await self._require_newest(domain_id, push_id)
            async with self.cluster.session(access) as session:
                await self.restore(session, turn, record)
            turn.is_unsure = True
            return await self.record_rollback(intent, record)

    async def _applied(self, domain_id: DomainId, push_id: PushId) -> Record:
        record = await self.get_push(domain_id, push_id)
        record.require_applied()
        return record

    async def _due(self, domain_id: DomainId, push_id: PushId) -> None:
        await self._applied(domain_id, push_id)
        require_configured(await self.targets.get(domain_id), domain_id)

    async def _require_newest(self, domain_id: DomainId, push_id: PushId) -> None:
        # Looked at within the turn: nothing changes it any more.
        record = await self._applied(domain_id, push_id)
        if await self.records.has_newer(record):
            raise ClusterConflict


def _intent(record: Record, target: Target, author: Author) -> Intent:
    return Intent(
        push_id=record.id,
        deed=Deed.ROLLBACK,
        domain_id=record.domain_id,
        request=record.request,
        author=author,
        kubeconfig_sha256=target.kubeconfig_sha256,
        api_server_url=target.api_server_url,
    )
