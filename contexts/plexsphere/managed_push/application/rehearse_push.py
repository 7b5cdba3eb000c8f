"""Use case: try a push without writing anything."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from plexsphere.managed_push.application.apply_request import over
from plexsphere.managed_push.application.audited import audited
from plexsphere.managed_push.application.deadline import PAUSE_SECONDS, within_deadline
from plexsphere.managed_push.application.hook_draft import HookDraft
from plexsphere.managed_push.application.open_credential import OpenCredential
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import StaleCapture
from plexsphere.managed_push.domain.intent import Author
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.domain.request import Request
from plexsphere.managed_push.domain.target import require_pushable
from plexsphere.managed_push.ports.cluster import Cluster
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, MintsIds, PushId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RehearsePush:
    """
    Let the cluster say what it would say to a push; nothing is written there, and no record is kept here.

    The audit trail tells it as a dry run.

    Raises:
        NotConfigured, Disabled, SpecInvalid, ClusterConflict, ClusterUnreachable: as the push would.
    """

    unit_of_work: UnitOfWork
    targets: Targets
    open_credential: OpenCredential
    cluster: Cluster
    trail: AuditTrail
    clock: Clock
    mint_id: MintsIds

    async def __call__(self, domain_id: DomainId, draft: HookDraft, author: Author) -> Record:
        target = require_pushable(await self.targets.get(domain_id), domain_id)
        request = draft.request()
        async with within_deadline():
            prior, made = await self._tried(await self.open_credential(target), request)
        async with self.unit_of_work():
            self.trail.record(audited(domain_id, author, "managed_push.push", dry_run=1))
        return Record(
            id=PushId(self.mint_id()),
            domain_id=domain_id,
            request=request,
            prior_state=prior,
            object_uid=made.uid,
            kubeconfig_sha256=target.kubeconfig_sha256,
            api_server_url=target.api_server_url,
            pushed_at=self.clock.now(),
        )

    async def _tried(
        self, access: ClusterAccess, request: Request
    ) -> tuple[ClusterObject | None, ClusterObject]:
        async with self.cluster.session(access) as session:
            while True:
                prior = await session.get_hook(*request.place)
                with suppress(StaleCapture):
                    applied = await session.apply_hook(over(prior, request), dry_run=True)
                    return prior, applied.object
                await asyncio.sleep(PAUSE_SECONDS)
