"""Part of a use case: end what is overdue in one execution."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.events import Announcements
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.actions.told import told
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.ports.actions.cohorts import Cohorts
from plexsphere.policy.ports.actions.executions import Executions
from plexsphere.policy.ports.actions.overdue_targets import Overdue, OverdueTargets

MOST_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class ExpireTargets:
    """End overdue targets as timeouts; what a silent node could not take up is no failure of the action."""

    unit_of_work: UnitOfWork
    overdue: OverdueTargets
    executions: Executions
    cohorts: Cohorts
    announcements: Announcements

    async def __call__(self, domain_id: DomainId, execution_id: ExecutionId) -> int:
        """Return how many targets were ended."""
        async with self.unit_of_work():
            targets = await self.overdue.take(domain_id, execution_id, MOST_AT_ONCE)
            if targets:
                await self._expire(domain_id, execution_id, targets)
        return len(targets)

    async def _expire(
        self, domain_id: DomainId, execution_id: ExecutionId, targets: Sequence[Overdue]
    ) -> None:
        untaken = [each.node_id for each in targets if not each.was_taken_up]
        silent = await self.cohorts.silent_among(domain_id, untaken)
        why: dict[Reason, Collection[NodeId]] = {
            Reason.NOT_FINISHED: [each.node_id for each in targets if each.was_taken_up],
            Reason.NOT_TAKEN_UP: [each for each in untaken if each not in silent],
            Reason.SILENT: silent,
        }
        for reason, nodes in why.items():
            if nodes:
                await self.overdue.expire(domain_id, execution_id, reason, nodes)
        await self.executions.settle(domain_id, [execution_id])
        self.announcements.announce(told(domain_id, execution_id, untaken))
