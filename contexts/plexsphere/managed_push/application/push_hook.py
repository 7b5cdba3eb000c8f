"""Use case: write a PlexdHook into a Domain's cluster."""

import logging
from dataclasses import dataclass
from typing import Final

from plexsphere.managed_push.application.apply_request import ApplyRequest
from plexsphere.managed_push.application.hook_draft import HookDraft
from plexsphere.managed_push.application.object_turn import ObjectTurn, Turn
from plexsphere.managed_push.application.open_credential import OpenCredential
from plexsphere.managed_push.application.record_push import Landed, RecordPush, record_of
from plexsphere.managed_push.application.restore_prior_state import RestorePriorState
from plexsphere.managed_push.domain.errors import ClusterConflict, ClusterUnreachable, DomainNotFound
from plexsphere.managed_push.domain.intent import Author, Deed, Intent
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.domain.target import Target, require_pushable
from plexsphere.managed_push.ports.cluster import Cluster, ClusterSession
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, MintsIds, PushId

LOG: Final = logging.getLogger("plexsphere.managed_push")


@dataclass(frozen=True, slots=True)
class PushHook:
    """
    Apply the hook under our field manager and record it, with what was there before (managed-push.md).

    The gates come before the spec is looked at. No connection to the database is held while the cluster is asked.

    Raises:
        NotConfigured: the Domain has no target.
        Disabled: it did not opt in.
        SpecInvalid: the spec breaks a rule.
        ClusterConflict: another manager owns a field that the hook would change.
        ClusterUnreachable: the cluster did not do it.
        DomainNotFound: the Domain went away meanwhile.
    """

    targets: Targets
    open_credential: OpenCredential
    cluster: Cluster
    object_turn: ObjectTurn
    apply_request: ApplyRequest
    record_push: RecordPush
    restore: RestorePriorState
    clock: Clock
    mint_id: MintsIds

    async def __call__(self, domain_id: DomainId, draft: HookDraft, author: Author) -> Record:
        target = await self._pushable(domain_id)
        intent = Intent(
            push_id=PushId(self.mint_id()),
            deed=Deed.PUSH,
            domain_id=domain_id,
            request=draft.request(),
            author=author,
            kubeconfig_sha256=target.kubeconfig_sha256,
            api_server_url=target.api_server_url,
        )
        access = await self.open_credential(target)
        async with (
            self.object_turn(intent, lambda: self._pushable(domain_id)) as turn,
            self.cluster.session(access) as session,
        ):
            return await self._pushed(session, turn)

    async def _pushable(self, domain_id: DomainId) -> Target:
        return require_pushable(await self.targets.get(domain_id), domain_id)

    async def _pushed(self, session: ClusterSession, turn: Turn) -> Record:
        landed = await self.apply_request(session, turn)
        # From here on the cluster holds it, whatever becomes of this process or of the database.
        turn.is_unsure = True
        try:
            return await self.record_push(turn.intent, landed)
        except DomainNotFound:
            await self._take_back(session, turn, landed)
            raise

    async def _take_back(self, session: ClusterSession, turn: Turn, landed: Landed) -> None:
        turn.begin_anew()
        try:
            await self.restore(session, turn, record_of(turn.intent, landed, self.clock))
        except (ClusterConflict, ClusterUnreachable):
            LOG.error("push %s stays in the cluster of a Domain that is gone", turn.intent.push_id)
