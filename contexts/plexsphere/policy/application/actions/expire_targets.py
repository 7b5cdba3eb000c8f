"""Part of a use case: end what is overdue in one execution."""

from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.events import Announcements
from plexsphere.platform.kernel.ids import DomainId, ExecutionId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.actions.told import told
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.ports.actions.cohorts import Cohorts
from plexsphere.policy.ports.actions.executions import Executions
from plexsphere.policy.ports.actions.overdue_targets import OverdueTargets

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
            untaken = [each.node_id for each in targets if not each.was_taken_up]
            silent = await self.cohorts.silent_among(domain_id, untaken)
            reasons = {each.node_id: Reason.NOT_FINISHED for each in targets}
            reasons |= dict.fromkeys(untaken, Reason.NOT_TAKEN_UP) | dict.fromkeys(silent, Reason.SILENT)
            await self.overdue.expire(domain_id, execution_id, reasons)
            await self.executions.settle(domain_id, [execution_id])
            self.announcements.announce(told(domain_id, execution_id, untaken))
        return len(targets)
