"""Use case: show an execution with its targets."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import ExecutionId, ProjectId
from plexsphere.policy.domain.actions.errors import ExecutionNotFound
from plexsphere.policy.domain.actions.execution import Execution
from plexsphere.policy.ports.actions.executions import Executions
from plexsphere.policy.ports.projects import Projects


@dataclass(frozen=True, slots=True)
class GetExecution:
    """
    Return an execution of a Project, its targets by node, without outputs.

    Raises:
        ExecutionNotFound: there is none, or it belongs to another Project.
    """

    projects: Projects
    executions: Executions

    async def __call__(self, project_id: ProjectId, execution_id: ExecutionId) -> Execution:
        domain_id = await self.projects.domain_of(project_id)
        execution = await self.executions.get(domain_id, project_id, execution_id) if domain_id else None
        if execution is None:
            raise ExecutionNotFound(execution_id)
        return execution
