"""Use case: list Projects."""

from dataclasses import dataclass

from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.project import Project
from plexsphere.identity.ports.projects import Projects
from plexsphere.platform.kernel.ids import DomainId, ProjectId


@dataclass(frozen=True, slots=True)
class ListProjects:
    """Return up to `limit` Projects in the order of slug and id, of one Domain where one is named."""

    projects: Projects

    async def __call__(
        self, limit: int, domain_id: DomainId | None = None, after: tuple[str, ProjectId] | None = None
    ) -> Page[Project]:
        return await self.projects.page(domain_id, after, limit)
