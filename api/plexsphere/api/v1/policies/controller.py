"""Handlers of the surface."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, flag_parameter
from plexsphere.api.project_access import named_project
from plexsphere.api.v1.policies import dry_run_schemas, operations, problems, schemas
from plexsphere.api.v1.policies.wiring import Policies

FromPolicies = NamedDependency[SkipValidation[Policies]]


class PoliciesController(Controller):
    """List, create, show, change and remove policies of a Project."""

    @serves(operations.LIST)
    async def list_all(
        self,
        request: AnyRequest,
        gate: FromGate,
        cursors: FromCursors,
        policies: FromPolicies,
        project_id: FromPath[str],
    ) -> schemas.PolicyList:
        """List them; who may read the Project sees each."""
        project = await named_project(request, gate, project_id)
        permitted = await project.require("read", "policy.list")
        pager = Pager(cursors, f"policies {project.id}")
        page = await policies.page(permitted, project.id, pager.wanted(request, project.caller))
        return schemas.PolicyList(
            [schemas.Policy.of(view) for view in page.rows], pager.next_cursor(project.caller, page.position)
        )

    @serves(operations.CREATE)
    async def create(
        self, request: AnyRequest, gate: FromGate, policies: FromPolicies, project_id: FromPath[str]
    ) -> Response[schemas.Policy]:
        """Make a policy."""
        project = await named_project(request, gate, project_id)
        permitted = await project.require("manage", "policy.create")
        body = await read(request.receive, request.headers, schemas.CREATE)
        view = await policies.create(permitted, project.id, body.wish())
        location = f"/v1/projects/{project.id}/policies/{view.id}"
        return Response(schemas.Policy.of(view), headers={"Location": location})

    @serves(operations.GET)
    async def show(
        self,
        request: AnyRequest,
        gate: FromGate,
        policies: FromPolicies,
        project_id: FromPath[str],
        policy_id: FromPath[str],
    ) -> schemas.Policy:
        """Show one."""
        project = await named_project(request, gate, project_id)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await project.require("read", "policy.read")
        return schemas.Policy.of(await policies.get(permitted, project.id, policy))

    @serves(operations.UPDATE)
    async def change(
        self,
        request: AnyRequest,
        gate: FromGate,
        policies: FromPolicies,
        project_id: FromPath[str],
        policy_id: FromPath[str],
    ) -> schemas.Policy:
        """Have one say something else."""
        project = await named_project(request, gate, project_id)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await project.require("manage", "policy.update")
        body = await read(request.receive, request.headers, schemas.PATCH)
        return schemas.Policy.of(await policies.change(permitted, project.id, policy, body.edit()))

    @serves(operations.DRY_RUN)
    async def rehearse(
        self,
        request: AnyRequest,
        gate: FromGate,
        policies: FromPolicies,
        project_id: FromPath[str],
        policy_id: FromPath[str],
    ) -> dry_run_schemas.PolicyRehearsal:
        """Tell what a change of one would do."""
        project = await named_project(request, gate, project_id)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await project.require("read", "policy.dry_run")
        body = await read(request.receive, request.headers, dry_run_schemas.DRY_RUN)
        return dry_run_schemas.PolicyRehearsal.of(
            await policies.rehearse(permitted, project.id, policy, body.trial())
        )

    @serves(operations.DELETE)
    async def remove(
        self,
        request: AnyRequest,
        gate: FromGate,
        policies: FromPolicies,
        project_id: FromPath[str],
        policy_id: FromPath[str],
    ) -> None:
        """Remove one."""
        project = await named_project(request, gate, project_id)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await project.require("manage", "policy.delete")
        await policies.remove(permitted, project.id, policy, confirm=flag_parameter(request, "confirm"))
