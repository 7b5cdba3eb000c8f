"""Use case: keep what a node reports of an action (plexd.md, Result; design D32)."""

import re
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
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.ports.actions.callbacks import Callbacks, Heard
from plexsphere.policy.ports.actions.executions import Executions
from plexsphere.policy.ports.actions.local_executions import LocalExecutions

LOCAL_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TakeResult:
    """
    End the node's target with the result, or keep it as a note where it comes too early or too late and says otherwise.

    What nobody dispatched is kept as a local execution when a session or somebody on the node is said to have run it.
    """

    unit_of_work: UnitOfWork
    callbacks: Callbacks
    executions: Executions
    local_executions: LocalExecutions
    announcements: Announcements
    trail: AuditTrail
    offer_views: OfferViews

    async def __call__(self, domain_id: DomainId, node_id: NodeId, execution_id: str, report: Report) -> None:
        """
        Keep the result.

        Raises:
            ExecutionNotFound: the node is no target of such an execution, and nothing says that it ran it unasked.
        """
        async with self.unit_of_work():
            known = _as_ours(execution_id)
            heard = known and await self.callbacks.finish(domain_id, node_id, known, report)
            if not known or not heard:
                await self._keep_local(domain_id, node_id, execution_id, report)
            elif heard.moved:
                await self._ended(domain_id, node_id, known, heard)
        if known and heard and heard.was_offer:
            self.offer_views.drop(domain_id, node_id, known)

    async def _ended(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, heard: Heard
    ) -> None:
        await self.executions.settle(domain_id, [execution_id])
        if heard.was_offer:
            self.announcements.announce([offers_changed(domain_id, node_id)])
        self.trail.record(
            audited(
                domain_id,
                heard.project_id,
                execution_id,
                node_object(node_id),
                "execution.result",
                status=heard.status.value,
            )
        )

    async def _keep_local(
        self, domain_id: DomainId, node_id: NodeId, execution_id: str, report: Report
    ) -> None:
        if not report.triggered_by.is_local or LOCAL_ID.fullmatch(execution_id) is None:
            raise ExecutionNotFound(execution_id)
        # Not audited: a node makes up ids, and the audit trail is kept for good.
        await self.local_executions.record(domain_id, node_id, execution_id, report)


def _as_ours(execution_id: str) -> ExecutionId | None:
    try:
        return ExecutionId(parse_id(execution_id))
    except ValueError:
        return None
