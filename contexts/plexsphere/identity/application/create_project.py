"""Use case: divide a tenant."""

from dataclasses import dataclass

from plexsphere.identity.domain.project import Project, ProjectDraft
from plexsphere.identity.ports.projects import Projects
from plexsphere.identity.ports.relations import Relations
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import MintsIds, ProjectId
from plexsphere.platform.kernel.subjects import domain_object, project_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CreateProject:
    """
    Return a new Project, reachable for those who manage its Domain.

    Raises:
        InvalidProject: a field breaks its rule.
        ProjectSlugConflict: the slug is taken in the Domain.
        ParentDomainMissing: the Domain does not exist.
    """

    unit_of_work: UnitOfWork
    projects: Projects
    relations: Relations
    mint_id: MintsIds
    clock: Clock

    async def __call__(self, draft: ProjectDraft) -> Project:
        project = draft.drawn(ProjectId(self.mint_id()), self.clock.now())
        async with self.unit_of_work():
            await self.projects.add(project)
            await self.relations.relate(
                domain_object(project.domain_id), "domain", project_object(project.id)
            )
        return project
