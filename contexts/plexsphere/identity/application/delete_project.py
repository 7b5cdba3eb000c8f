"""Use case: let a Project go."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import ProjectNotEmpty, ProjectNotFound
from plexsphere.identity.domain.project import Project
from plexsphere.identity.ports.meshes import Meshes
from plexsphere.identity.ports.projects import Projects
from plexsphere.identity.ports.relations import Relations
from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.subjects import project_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DeleteProject:
    """
    Forget a Project without nodes, with the grants on it and its bootstrap tokens.

    A grant on another object that is listed under it would live on and be listed nowhere: it has to go first.

    Raises:
        ProjectNotFound: no Project has this id.
        ProjectNotEmpty: it holds nodes, or lists grants on other objects.
    """

    unit_of_work: UnitOfWork
    projects: Projects
    meshes: Meshes
    relations: Relations

    async def __call__(self, project_id: ProjectId) -> None:
        async with self.unit_of_work():
            project = await self.projects.claim(project_id)
            if project is None:
                raise ProjectNotFound(project_id)
            await self._require_empty(project)
            await self.relations.unrelate_object(project_object(project.id))
            await self.projects.remove(project)

    async def _require_empty(self, project: Project) -> None:
        counts = {
            "nodes": await self.meshes.count_nodes(project.domain_id, project.id),
            "relation_tuples": await self.relations.claim_listed(project.id),
        }
        if any(counts.values()):
            raise ProjectNotEmpty(counts)
