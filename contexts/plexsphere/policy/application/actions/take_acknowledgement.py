"""Use case: hear whether a node runs what it was told (plexd.md, ACK/NACK)."""

from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.events import Announcements
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, parse_id
from plexsphere.platform.kernel.subjects import node_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.actions.audited import audited
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.application.actions.told import offers_changed
from plexsphere.policy.domain.actions.errors import ExecutionNotFound
from plexsphere.policy.domain.actions.report import cut
from plexsphere.policy.ports.actions.callbacks import Callbacks, Heard
from plexsphere.policy.ports.actions.executions import Executions

MOST_REASON: Final = 1024


@dataclass(frozen=True, slots=True)
class TakeAcknowledgement:
    """
    Let the node run the action, once and in time; a rejection ends its target as failed, with the node's reason.

    Repeats, and what comes too late, change nothing (design D32).
    """

    unit_of_work: UnitOfWork
    callbacks: Callbacks
    executions: Executions
    announcements: Announcements
    trail: AuditTrail
    offer_views: OfferViews

    async def __call__(
        self, domain_id: DomainId, node_id: NodeId, execution_id: str, accepted: bool, reason: str
    ) -> bool:
        """
        Return whether the node is to run it.

        Raises:
            ExecutionNotFound: the node is no target of such an execution (hardening C06).
        """
        known = known_id(execution_id)
        async with self.unit_of_work():
            if accepted:
                heard = await self.callbacks.take_up(domain_id, node_id, known)
            else:
                heard = await self.callbacks.reject(domain_id, node_id, known, cut(reason, MOST_REASON))
            if heard is None:
                raise ExecutionNotFound(execution_id)
            if heard.moved:
                self.announcements.announce([offers_changed(domain_id, node_id)])
                if not accepted:
                    await self._rejected(domain_id, node_id, known, heard)
        if heard.was_offer:
            # Not before it is committed; followers hear of it a moment later.
            self.offer_views.drop(domain_id, node_id, known)
        return heard.is_wanted

    async def _rejected(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, heard: Heard
    ) -> None:
        await self.executions.settle(domain_id, [execution_id])
        subject = node_object(node_id)
        self.trail.record(audited(domain_id, heard.project_id, execution_id, subject, "execution.reject"))


def known_id(execution_id: str) -> ExecutionId:
    """
    Return the id of an execution of ours.

    Raises:
        ExecutionNotFound: it is none: agents mint others for what they run unasked.
    """
    try:
        return ExecutionId(parse_id(execution_id))
    except ValueError:
        raise ExecutionNotFound(execution_id) from None
