"""Use case: change a Project."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.project import Project, ProjectChanges
from plexsphere.identity.ports.projects import Projects
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PatchProject:
    """
    Return the Project with the changes made.

    Raises:
        SlugImmutable: the changes name the slug.
        EmptyPatch: they name nothing.
        ProjectNotFound: no Project has this id.
        InvalidProject: a field would break its rule.
    """

    unit_of_work: UnitOfWork
    projects: Projects
    clock: Clock

    async def __call__(self, project_id: ProjectId, changes: ProjectChanges) -> Project:
        changes.require_some()
        async with self.unit_of_work():
            standing = await self.projects.claim(project_id)
            if standing is None:
                raise ProjectNotFound(project_id)
            project = changes.applied_to(standing, self.clock.now())
            await self.projects.put(project)
        return project
