"""Use case: end an execution before its time."""

from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.events import Announcements, EventType
from plexsphere.platform.kernel.ids import ExecutionId, ProjectId
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.actions.audited import audited
from plexsphere.policy.application.actions.get_execution import GetExecution
from plexsphere.policy.application.actions.told import told
from plexsphere.policy.domain.actions.execution import Execution, Reason
from plexsphere.policy.ports.actions.executions import Ending, Executions
from plexsphere.policy.ports.actions.rollouts import Rollouts

CANCELLED: Final = Ending(Reason.CANCELLED)


@dataclass(frozen=True, slots=True)
class CancelExecution:
    """
    Cancel every target that has not ended; nodes that were told are told.

    What runs already may run on: its result is kept as a note. An execution that ended is returned as it is.

    Raises:
        ExecutionNotFound: the Project has no such execution.
    """

    unit_of_work: UnitOfWork
    find: GetExecution
    rollouts: Rollouts
    executions: Executions
    announcements: Announcements
    trail: AuditTrail

    async def __call__(
        self,
        project_id: ProjectId,
        execution_id: ExecutionId,
        author: Reference,
        correlation_id: str | None,
    ) -> Execution:
        async with self.unit_of_work():
            execution = await self.find(project_id, execution_id)
            await self.rollouts.close(execution.domain_id, execution_id)
            ended = await self.executions.end(execution.domain_id, execution_id, CANCELLED)
            if ended.count == 0:
                return await self.find(project_id, execution_id)
            await self.executions.settle(execution.domain_id, [execution_id])
            self.announcements.announce(
                told(execution.domain_id, execution_id, ended.told, EventType.ACTION_CANCELLED)
            )
            about = execution.domain_id, project_id, execution_id
            self.trail.record(audited(*about, author, "execution.cancel", correlation_id))
            return await self.find(project_id, execution_id)
