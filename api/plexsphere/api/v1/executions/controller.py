"""Handlers of the surface."""

from typing import Final

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.node_access import FindableNodes, HomedNode, node_access
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, one_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.executions import operations, problems, schemas
from plexsphere.api.v1.executions.execution_json import execution_json
from plexsphere.api.v1.executions.idempotency_key import idempotency_key
from plexsphere.api.v1.executions.wiring import Executions, ExecutionView, Listed
from plexsphere.platform.kernel.subjects import project_object

FromExecutions = NamedDependency[SkipValidation[Executions]]
FromNodes = NamedDependency[SkipValidation[FindableNodes[HomedNode]]]

JSON: Final = "application/json"
LONGEST_NAME: Final = 4096


class ExecutionsController(Controller):
    """Dispatch actions, show what became of them, and cancel them."""

    @serves(operations.DISPATCH)
    async def dispatch(
        self, request: AnyRequest, gate: FromGate, executions: FromExecutions, project_id: FromPath[str]
    ) -> Response[bytes]:
        """Dispatch an action."""
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        permitted = await gate.require(caller, "operate", project_object(project), "execution.dispatch")
        key = idempotency_key(request)
        body = await read(request.receive, request.headers, schemas.DISPATCH)
        view = await executions.dispatch(permitted, project, body.wish(request.method, project, key))
        location = operations.ONE.format(project_id=project, execution_id=view.id)
        return Response(await execution_json(view), headers={"Location": location}, media_type=JSON)

    @serves(operations.LIST)
    async def list_all(
        self,
        request: AnyRequest,
        gate: FromGate,
        cursors: FromCursors,
        executions: FromExecutions,
        project_id: FromPath[str],
    ) -> schemas.ExecutionList:
        """List them."""
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        permitted = await gate.require(caller, "observe", project_object(project), "execution.list")
        listed = _listed(request)
        pager = Pager(cursors, f"executions {project} {listed.status} {listed.action_name}")
        page = await executions.page(permitted, project, listed, pager.wanted(request, caller))
        return schemas.ExecutionList(
            [schemas.Execution.header(view) for view in page.rows], pager.next_cursor(caller, page.position)
        )

    @serves(operations.GET)
    async def show(
        self,
        request: AnyRequest,
        gate: FromGate,
        executions: FromExecutions,
        project_id: FromPath[str],
        execution_id: FromPath[str],
    ) -> Response[bytes]:
        """Show one with its targets."""
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        execution = path_id(execution_id, problems.INVALID_EXECUTION_ID)
        permitted = await gate.require(caller, "observe", project_object(project), "execution.read")
        return await _shown(await executions.get(permitted, project, execution))

    @serves(operations.GET_TARGET)
    async def show_target(
        self,
        request: AnyRequest,
        gate: FromGate,
        executions: FromExecutions,
        project_id: FromPath[str],
        execution_id: FromPath[str],
        node_id: FromPath[str],
    ) -> schemas.TargetResult:
        """Show one target with its outputs."""
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        execution = path_id(execution_id, problems.INVALID_EXECUTION_ID)
        node = path_id(node_id, problems.INVALID_NODE_ID)
        permitted = await gate.require(caller, "observe", project_object(project), "execution.target.read")
        return schemas.TargetResult.reported(await executions.target(permitted, project, execution, node))

    @serves(operations.CANCEL)
    async def cancel(
        self,
        request: AnyRequest,
        gate: FromGate,
        executions: FromExecutions,
        project_id: FromPath[str],
        execution_id: FromPath[str],
    ) -> Response[bytes]:
        """Cancel one; a body is neither asked for nor read."""
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        execution = path_id(execution_id, problems.INVALID_EXECUTION_ID)
        permitted = await gate.require(caller, "operate", project_object(project), "execution.cancel")
        return await _shown(await executions.cancel(permitted, project, execution))

    @serves(operations.LIST_OF_NODE)
    async def list_of_node(
        self,
        request: AnyRequest,
        gate: FromGate,
        cursors: FromCursors,
        executions: FromExecutions,
        nodes: FromNodes,
        node_id: FromPath[str],
    ) -> schemas.LocalExecutionList:
        """List what a node ran by itself."""
        access = await node_access(request, gate, nodes, node_id, "observe", "execution.local.list")
        caller = access.permitted.caller
        pager = Pager(cursors, f"executions of {access.node.id}")
        page = await executions.local_page(access.permitted, access.node, pager.wanted(request, caller))
        return schemas.LocalExecutionList(
            [schemas.LocalExecution.of(view) for view in page.rows], pager.next_cursor(caller, page.position)
        )


async def _shown(view: ExecutionView) -> Response[bytes]:
    return Response(await execution_json(view), media_type=JSON)


def _listed(request: AnyRequest) -> Listed:
    status, name = one_parameter(request, "status"), one_parameter(request, "action_name")
    if status and status not in schemas.STATUSES:
        raise Refusal(catalogue.INVALID_PARAMETER)
    # No action has such a name, and no database keeps NUL.
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal(catalogue.INVALID_PARAMETER)
    return Listed(status, name)
