"""Handlers of the surface."""

from typing import Final
from urllib.parse import unquote_to_bytes

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.node_access import node_access
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, id_parameter, one_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.nodes import operations, problems, schemas
from plexsphere.api.v1.nodes.topology_json import topology_json
from plexsphere.api.v1.nodes.wiring import Nodes, NodeView
from plexsphere.platform.kernel.subjects import Reference, domain_object, project_object

FromNodes = NamedDependency[SkipValidation[Nodes]]

CONFIRMED: Final = {"": False, "false": False, "true": True}


class NodesController(Controller):
    """List, show, change and remove nodes; show a mesh."""

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, cursors: FromCursors, nodes: FromNodes
    ) -> schemas.NodeList:
        """List what the caller may read."""
        caller = await gate.operator(request)
        domain_id = id_parameter(request, "domain_id", problems.INVALID_DOMAIN_FILTER)
        if domain_id is not None:
            # Pages hold hidden rows, too: a stranger could count a Domain's nodes by its cursors.
            await gate.require(caller, "read", domain_object(domain_id), "node.list")
        pager = Pager(cursors, f"nodes {domain_id}")
        page = await nodes.page(pager.wanted(request, caller), domain_id)
        seen = await gate.visible(caller, "read", page.rows, _project_of)
        return schemas.NodeList(
            [schemas.NodeSummary.of(view) for view in seen],
            pager.next_cursor(caller, page.position),
        )

    @serves(operations.GET)
    async def show(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, node_id: FromPath[str]
    ) -> schemas.Node:
        """Show one."""
        access = await node_access(request, gate, nodes, node_id, "read", "node.read")
        return schemas.Node.of(access.node)

    @serves(operations.PATCH)
    async def change(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, node_id: FromPath[str]
    ) -> schemas.Node:
        """Change one."""
        access = await node_access(request, gate, nodes, node_id, "manage", "node.change")
        body = await read(request.receive, request.headers, schemas.PATCH)
        return schemas.Node.of(await nodes.change(access.permitted, access.node, body.change()))

    @serves(operations.DELETE)
    async def remove(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, node_id: FromPath[str]
    ) -> None:
        """Remove one by force."""
        access = await node_access(request, gate, nodes, node_id, "manage", "node.remove")
        await nodes.remove(access.permitted, access.node, confirm=_confirmed(request))

    @serves(operations.PUT_METADATA)
    async def put_metadata(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, node_id: FromPath[str]
    ) -> schemas.Node:
        """Set one metadata key."""
        access = await node_access(request, gate, nodes, node_id, "manage", "node.metadata.put")
        body = await read(request.receive, request.headers, schemas.PUT_METADATA)
        view = await nodes.put_metadata(access.permitted, access.node, _key(request), body.value)
        return schemas.Node.of(view)

    @serves(operations.DELETE_METADATA)
    async def delete_metadata(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, node_id: FromPath[str]
    ) -> None:
        """Remove one metadata key."""
        access = await node_access(request, gate, nodes, node_id, "manage", "node.metadata.delete")
        await nodes.delete_metadata(access.permitted, access.node, _key(request))

    @serves(operations.DRIFT)
    async def drift(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, node_id: FromPath[str]
    ) -> schemas.DriftReports:
        """Show what the node put right."""
        access = await node_access(request, gate, nodes, node_id, "read", "node.drift.read")
        reports = await nodes.drift(access.permitted, access.node)
        return schemas.DriftReports([schemas.DriftReport.of(view) for view in reports])

    @serves(operations.REACHABILITY)
    async def reachability(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, node_id: FromPath[str]
    ) -> schemas.NodeReachability:
        """Show how the node was last heard of."""
        access = await node_access(request, gate, nodes, node_id, "read", "node.reachability.read")
        return schemas.NodeReachability.of(await nodes.reachability(access.permitted, access.node))

    @serves(operations.TOPOLOGY)
    async def topology(
        self, request: AnyRequest, gate: FromGate, nodes: FromNodes, domain_id: FromPath[str]
    ) -> Response[bytes]:
        """Show the topology of a Domain's mesh."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "read", domain_object(domain), "mesh.topology.read")
        body = await topology_json(domain, await nodes.topology(permitted, domain))
        return Response(body, media_type="application/json")


def _project_of(view: NodeView) -> Reference:
    return project_object(view.project_id)


def _key(request: AnyRequest) -> str:
    # From the path as it was sent: the router drops and merges slashes, and so would name another key.
    return unquote_to_bytes(request.scope["raw_path"].partition(b"/metadata/")[2]).decode(errors="replace")


def _confirmed(request: AnyRequest) -> bool:
    text = one_parameter(request, "confirm")
    if text not in CONFIRMED:
        raise Refusal(catalogue.INVALID_PARAMETER)
    return CONFIRMED[text]
