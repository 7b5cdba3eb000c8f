"""Handlers of the surface."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, flag_parameter
from plexsphere.api.v1.policies import dry_run_schemas, operations, problems, schemas
from plexsphere.api.v1.policies.wiring import Policies
from plexsphere.platform.kernel.subjects import project_object

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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        permitted = await gate.require(caller, "read", project_object(project), "policy.list")
        pager = Pager(cursors, f"policies {project}")
        page = await policies.page(permitted, project, pager.wanted(request, caller))
        return schemas.PolicyList(
            [schemas.Policy.of(view) for view in page.rows], pager.next_cursor(caller, page.position)
        )

    @serves(operations.CREATE)
    async def create(
        self, request: AnyRequest, gate: FromGate, policies: FromPolicies, project_id: FromPath[str]
    ) -> Response[schemas.Policy]:
        """Make a policy."""
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        permitted = await gate.require(caller, "manage", project_object(project), "policy.create")
        body = await read(request.receive, request.headers, schemas.CREATE)
        view = await policies.create(permitted, project, body.wish())
        location = f"/v1/projects/{project}/policies/{view.id}"
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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await gate.require(caller, "read", project_object(project), "policy.read")
        return schemas.Policy.of(await policies.get(permitted, project, policy))

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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await gate.require(caller, "manage", project_object(project), "policy.update")
        body = await read(request.receive, request.headers, schemas.PATCH)
        return schemas.Policy.of(await policies.change(permitted, project, policy, body.edit()))

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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await gate.require(caller, "read", project_object(project), "policy.dry_run")
        body = await read(request.receive, request.headers, dry_run_schemas.DRY_RUN)
        return dry_run_schemas.PolicyRehearsal.of(
            await policies.rehearse(permitted, project, policy, body.trial())
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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        policy = path_id(policy_id, problems.INVALID_POLICY_ID)
        permitted = await gate.require(caller, "manage", project_object(project), "policy.delete")
        await policies.remove(permitted, project, policy, confirm=flag_parameter(request, "confirm"))
