"""Use case: show a Project."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.project import Project
from plexsphere.identity.ports.projects import Projects
from plexsphere.platform.kernel.ids import ProjectId


@dataclass(frozen=True, slots=True)
class GetProject:
    """
    Return the Project.

    Raises:
        ProjectNotFound: no Project has this id.
    """

    projects: Projects

    async def __call__(self, project_id: ProjectId) -> Project:
        project = await self.projects.get(project_id)
        if project is None:
            raise ProjectNotFound(project_id)
        return project
