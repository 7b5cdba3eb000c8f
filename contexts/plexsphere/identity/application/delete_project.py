"""Use case: let a Project go."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import ProjectNotEmpty, ProjectNotFound
from plexsphere.identity.ports.meshes import Meshes
from plexsphere.identity.ports.projects import Projects
from plexsphere.identity.ports.relations import Relations
from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.subjects import project_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DeleteProject:
    """
    Forget a Project without nodes, with its grants and its bootstrap tokens.

    Raises:
        ProjectNotFound: no Project has this id.
        ProjectNotEmpty: it holds nodes.
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
            nodes = await self.meshes.count_nodes(project.domain_id, project.id)
            if nodes:
                raise ProjectNotEmpty({"nodes": nodes})
            await self.relations.unrelate_object(project_object(project.id))
            await self.projects.remove(project)
