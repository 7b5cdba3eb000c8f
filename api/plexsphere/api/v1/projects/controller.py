"""Handlers of the surface."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, empty_reason, id_parameter
from plexsphere.api.project_access import named_project
from plexsphere.api.v1.projects import operations, problems, schemas
from plexsphere.api.v1.projects.wiring import Projects, ProjectView
from plexsphere.platform.kernel.subjects import Reference, domain_object, project_object

FromProjects = NamedDependency[SkipValidation[Projects]]


class ProjectsController(Controller):
    """Create, list, show, change and remove Projects."""

    @serves(operations.CREATE)
    async def create(
        self, request: AnyRequest, gate: FromGate, projects: FromProjects
    ) -> Response[schemas.Project]:
        """Make a Project; the body is read before the gate, for it alone names the Domain."""
        caller = await gate.operator(request)
        wish = (await read(request.receive, request.headers, schemas.CREATE)).wish()
        permitted = await gate.require(caller, "manage", domain_object(wish.domain_id), "project.create")
        view = await projects.create(permitted, wish)
        return Response(schemas.Project.of(view), headers={"Location": f"/v1/projects/{view.id}"})

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, cursors: FromCursors, projects: FromProjects
    ) -> schemas.ProjectList:
        """List what the caller may read."""
        caller = await gate.operator(request)
        domain_id = id_parameter(request, "domain_id", problems.INVALID_DOMAIN_FILTER)
        pager = Pager(cursors, f"projects {domain_id}")
        page = await projects.page(pager.wanted(request, caller), domain_id)
        seen = await gate.visible(caller, "read", page.rows, _object_of)
        return schemas.ProjectList(
            [schemas.Project.of(view) for view in seen],
            pager.next_cursor(caller, page.position),
            empty_reason(page, seen),
        )

    @serves(operations.GET)
    async def show(
        self, request: AnyRequest, gate: FromGate, projects: FromProjects, project_id: FromPath[str]
    ) -> schemas.Project:
        """Show one."""
        project = await named_project(request, gate, project_id)
        permitted = await project.require("read", "project.read")
        return schemas.Project.of(await projects.get(permitted, project.id))

    @serves(operations.PATCH)
    async def change(
        self, request: AnyRequest, gate: FromGate, projects: FromProjects, project_id: FromPath[str]
    ) -> schemas.Project:
        """Change one."""
        project = await named_project(request, gate, project_id)
        permitted = await project.require("manage", "project.change")
        body = await read(request.receive, request.headers, schemas.PATCH)
        return schemas.Project.of(await projects.change(permitted, project.id, body.change()))

    @serves(operations.DELETE)
    async def remove(
        self, request: AnyRequest, gate: FromGate, projects: FromProjects, project_id: FromPath[str]
    ) -> None:
        """Remove one."""
        project = await named_project(request, gate, project_id)
        permitted = await project.require("manage", "project.delete")
        await projects.remove(permitted, project.id)


def _object_of(view: ProjectView) -> Reference:
    return project_object(view.id)
