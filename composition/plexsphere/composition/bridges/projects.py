"""The surface of Projects, answered by identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.projects import problems
from plexsphere.api.v1.projects.wiring import NewProject, ProjectChange, ProjectView
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.identity_errors import translated
from plexsphere.identity.application.create_project import CreateProject
from plexsphere.identity.application.delete_project import DeleteProject
from plexsphere.identity.application.get_project import GetProject
from plexsphere.identity.application.list_projects import ListProjects
from plexsphere.identity.application.patch_project import PatchProject
from plexsphere.identity.domain import errors
from plexsphere.identity.domain.project import Project, ProjectChanges, ProjectDraft
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.subjects import project_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PROBLEM_OF: Final[Mapping[type[errors.IdentityError], Problem]] = {
    errors.InvalidProject: problems.INVALID_PROJECT,
    errors.SlugImmutable: problems.SLUG_IMMUTABLE,
    errors.EmptyPatch: problems.EMPTY_PATCH,
    errors.ProjectNotFound: problems.PROJECT_NOT_FOUND,
    errors.ProjectSlugConflict: problems.PROJECT_SLUG_CONFLICT,
    errors.ParentDomainMissing: problems.PARENT_DOMAIN_MISSING,
    errors.ProjectNotEmpty: problems.PROJECT_NOT_EMPTY,
}


@dataclass(frozen=True, slots=True)
class ProjectsBridge:
    """Answers the port `Projects`; everything stands in the chain of the Project's Domain."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    create_project: CreateProject
    list_projects: ListProjects
    get_project: GetProject
    patch_project: PatchProject
    delete_project: DeleteProject

    async def create(self, permitted: Permitted, wish: NewProject, /) -> ProjectView:
        draft = ProjectDraft(DomainId(wish.domain_id), wish.slug, wish.name, wish.description)
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                project = await self.create_project(draft)
                self.trail.record(granted(permitted, project.domain_id, project_object(project.id)))
        return _view(project)

    async def page(self, wanted: PageRequest, domain_id: UUID | None, /) -> Page[ProjectView]:
        domain = None if domain_id is None else DomainId(domain_id)
        page = await self.list_projects(wanted.limit, domain, _place(wanted.position))
        return Page(tuple(map(_view, page.items)), _position(page.items[-1]) if page.more else "")

    async def get(self, permitted: Permitted, project_id: UUID, /) -> ProjectView:
        with translated(PROBLEM_OF):
            return _view(await self.get_project(ProjectId(project_id)))

    async def change(self, permitted: Permitted, project_id: UUID, change: ProjectChange, /) -> ProjectView:
        changes = ProjectChanges(change.slug, change.name, change.description)
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                project = await self.patch_project(ProjectId(project_id), changes)
                self.trail.record(granted(permitted, project.domain_id, project_object(project.id)))
        return _view(project)

    async def remove(self, permitted: Permitted, project_id: UUID, /) -> None:
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                project = await self.get_project(ProjectId(project_id))
                await self.delete_project(project.id)
                self.trail.record(granted(permitted, project.domain_id, project_object(project.id)))


def _position(project: Project) -> str:
    return f"{project.slug} {project.id}"


def _place(position: str) -> tuple[str, ProjectId] | None:
    if not position:
        return None
    slug, _, project_id = position.partition(" ")
    return slug, ProjectId(UUID(project_id))


def _view(project: Project) -> ProjectView:
    return ProjectView(
        id=project.id,
        domain_id=project.domain_id,
        name=project.name,
        slug=project.slug,
        description=project.description,
        created_at=project.created_at,
        updated_at=project.updated_at,
    )
