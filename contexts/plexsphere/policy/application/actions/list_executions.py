"""Use case: list the executions of a Project."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import ExecutionId, ProjectId
from plexsphere.policy.domain.actions.execution import ExecutionStatus
from plexsphere.policy.domain.errors import ProjectNotFound
from plexsphere.policy.ports.actions.executions import ExecutionFilter, ExecutionPage, Executions
from plexsphere.policy.ports.projects import Projects


@dataclass(frozen=True, slots=True)
class ListExecutions:
    """
    Return a page of a Project's executions, the newest last, without their targets.

    Raises:
        ProjectNotFound: there is no such Project.
    """

    projects: Projects
    executions: Executions

    async def __call__(
        self,
        project_id: ProjectId,
        status: ExecutionStatus | None,
        action_name: str | None,
        after: ExecutionId | None,
        limit: int,
    ) -> ExecutionPage:
        domain_id = await self.projects.domain_of(project_id)
        if domain_id is None:
            raise ProjectNotFound(project_id)
        asked = ExecutionFilter(status, action_name)
        return await self.executions.page(domain_id, project_id, asked, after, limit)
