"""Use case: show one target of an execution."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import ExecutionId, NodeId, ProjectId
from plexsphere.policy.domain.actions.errors import ExecutionNotFound
from plexsphere.policy.domain.actions.execution import Target
from plexsphere.policy.ports.actions.executions import Executions
from plexsphere.policy.ports.projects import Projects


@dataclass(frozen=True, slots=True)
class GetTarget:
    """
    Return a target with what its node reported, outputs and a late note included.

    Raises:
        ExecutionNotFound: the Project has no such execution, or the node is no target of it.
    """

    projects: Projects
    executions: Executions

    async def __call__(self, project_id: ProjectId, execution_id: ExecutionId, node_id: NodeId) -> Target:
        domain_id = await self.projects.domain_of(project_id)
        if domain_id is None:
            raise ExecutionNotFound(execution_id)
        target = await self.executions.target(domain_id, project_id, execution_id, node_id)
        if target is None:
            raise ExecutionNotFound(execution_id)
        return target
