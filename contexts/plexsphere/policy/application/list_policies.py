"""Use case: list the policies of a Project."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.domain.errors import ProjectNotFound
from plexsphere.policy.ports.policies import Policies, PolicyPage
from plexsphere.policy.ports.projects import Projects


@dataclass(frozen=True, slots=True)
class ListPolicies:
    """
    Return a page of a Project's policies in the order of their making, without what they say.

    Raises:
        ProjectNotFound: there is no such Project.
    """

    projects: Projects
    policies: Policies

    async def __call__(self, project_id: ProjectId, after: PolicyId | None, limit: int) -> PolicyPage:
        domain_id = await self.projects.domain_of(project_id)
        if domain_id is None:
            raise ProjectNotFound(project_id)
        return await self.policies.page(domain_id, project_id, after, limit)
