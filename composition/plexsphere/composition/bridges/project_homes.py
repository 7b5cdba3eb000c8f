"""Policy's question where a Project is, answered by identity."""

from dataclasses import dataclass

from plexsphere.identity.application.get_project import GetProject
from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.platform.kernel.ids import DomainId, ProjectId


@dataclass(frozen=True, slots=True)
class ProjectHomesBridge:
    """Answers policy's port `Projects`."""

    get_project: GetProject

    async def domain_of(self, project_id: ProjectId, /) -> DomainId | None:
        """Return the Domain of the Project, or None."""
        try:
            return (await self.get_project(project_id)).domain_id
        except ProjectNotFound:
            return None
