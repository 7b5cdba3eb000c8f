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
from plexsphere.api.project_access import named_project
from plexsphere.api.v1.executions import operations, problems, schemas
from plexsphere.api.v1.executions.execution_json import execution_json
from plexsphere.api.v1.executions.idempotency_key import idempotency_key
from plexsphere.api.v1.executions.wiring import Executions, ExecutionView, Listed

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
        project = await named_project(request, gate, project_id)
        permitted = await project.require("operate", "execution.dispatch")
        key = idempotency_key(request)
        body = await read(request.receive, request.headers, schemas.DISPATCH)
        view = await executions.dispatch(permitted, project.id, body.wish(request.method, project.id, key))
        location = operations.ONE.format(project_id=project.id, execution_id=view.id)
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
        project = await named_project(request, gate, project_id)
        permitted = await project.require("observe", "execution.list")
        listed = _listed(request)
        pager = Pager(cursors, f"executions {project.id} {listed.status} {listed.action_name}")
        page = await executions.page(permitted, project.id, listed, pager.wanted(request, project.caller))
        return schemas.ExecutionList(
            [schemas.Execution.header(view) for view in page.rows],
            pager.next_cursor(project.caller, page.position),
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
        project = await named_project(request, gate, project_id)
        execution = path_id(execution_id, problems.INVALID_EXECUTION_ID)
        permitted = await project.require("observe", "execution.read")
        return await _shown(await executions.get(permitted, project.id, execution))

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
        project = await named_project(request, gate, project_id)
        execution = path_id(execution_id, problems.INVALID_EXECUTION_ID)
        node = path_id(node_id, problems.INVALID_NODE_ID)
        permitted = await project.require("observe", "execution.target.read")
        return schemas.TargetResult.reported(await executions.target(permitted, project.id, execution, node))

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
        project = await named_project(request, gate, project_id)
        execution = path_id(execution_id, problems.INVALID_EXECUTION_ID)
        permitted = await project.require("operate", "execution.cancel")
        return await _shown(await executions.cancel(permitted, project.id, execution))

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
