"""The surface of nodes, answered by fleet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.nodes import problems
from plexsphere.api.v1.nodes.wiring import (
    CorrectionView,
    DriftView,
    EdgeView,
    NodeChange,
    NodeReachabilityView,
    NodeView,
    TopologyNodeView,
    TopologyView,
)
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.doorway import Doorways
from plexsphere.fleet.application.delete_node_metadata import DeleteNodeMetadata
from plexsphere.fleet.application.find_node import FindNode
from plexsphere.fleet.application.get_node_drift import GetNodeDrift
from plexsphere.fleet.application.get_node_reachability import GetNodeReachability
from plexsphere.fleet.application.get_topology import GetTopology
from plexsphere.fleet.application.list_nodes import ListNodes
from plexsphere.fleet.application.patch_node import NodePatch, PatchNode
from plexsphere.fleet.application.put_node_metadata import PutNodeMetadata
from plexsphere.fleet.application.remove_node import RemoveNode
from plexsphere.fleet.domain import errors
from plexsphere.fleet.domain.drift import DriftReport
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.topology import Edge
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, NodeId, parse_id
from plexsphere.platform.kernel.subjects import node_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PROBLEM_OF: Final[Mapping[type[Exception], Problem]] = {
    errors.NodeNotFound: problems.NODE_NOT_FOUND,
    errors.DomainNotFound: problems.DOMAIN_NOT_FOUND,
    errors.InvalidNodeName: problems.INVALID_NODE_NAME,
    errors.InvalidMetadata: problems.INVALID_METADATA,
    errors.MetadataKeyNotFound: problems.METADATA_KEY_NOT_FOUND,
    errors.ConfirmationRequired: problems.CONFIRMATION_REQUIRED,
}
TRANSLATED: Final = Translation(PROBLEM_OF)
# Told to the former peers with `peer_removed`.
FORCED: Final = "force_removed"
# So many rows are shown in less than 2 ms.
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class NodesBridge:
    """Answers the port `Nodes`; changes stand in the chain of the node's Domain."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    clock: Clock
    find_node: FindNode
    list_nodes: ListNodes
    patch_node: PatchNode
    put_node_metadata: PutNodeMetadata
    delete_node_metadata: DeleteNodeMetadata
    remove_node: RemoveNode
    get_node_drift: GetNodeDrift
    get_topology: GetTopology
    get_node_reachability: GetNodeReachability
    doorways: Doorways

    async def find(self, node_id: UUID, /) -> NodeView | None:
        node = await self.find_node(NodeId(node_id))
        return _view(node) if node else None

    async def page(self, wanted: PageRequest, domain_id: UUID | None, /) -> Page[NodeView]:
        domain = None if domain_id is None else DomainId(domain_id)
        page = await self.list_nodes(domain, _place(wanted.position), wanted.limit)
        return Page(tuple(map(_view, page.nodes)), "" if page.is_last else str(page.nodes[-1].id))

    async def change(self, permitted: Permitted, node: NodeView, change: NodeChange, /) -> NodeView:
        patch = NodePatch(change.name, change.metadata)
        with TRANSLATED:
            async with self.doorways(node.domain_id), self.unit_of_work():
                changed = await self.patch_node(DomainId(node.domain_id), NodeId(node.id), patch)
                self._granted(permitted, node)
        return _view(changed)

    async def put_metadata(self, permitted: Permitted, node: NodeView, key: str, value: str, /) -> NodeView:
        with TRANSLATED:
            async with self.doorways(node.domain_id), self.unit_of_work():
                changed = await self.put_node_metadata(DomainId(node.domain_id), NodeId(node.id), key, value)
                self._granted(permitted, node)
        return _view(changed)

    async def delete_metadata(self, permitted: Permitted, node: NodeView, key: str, /) -> None:
        with TRANSLATED:
            async with self.doorways(node.domain_id), self.unit_of_work():
                await self.delete_node_metadata(DomainId(node.domain_id), NodeId(node.id), key)
                self._granted(permitted, node)

    async def remove(self, permitted: Permitted, node: NodeView, /, *, confirm: bool) -> None:
        with TRANSLATED:
            async with self.doorways(node.domain_id), self.unit_of_work():
                await self.remove_node(DomainId(node.domain_id), NodeId(node.id), FORCED, confirm=confirm)
                self._granted(permitted, node)

    async def drift(self, permitted: Permitted, node: NodeView, /) -> Sequence[DriftView]:
        reports = await self.get_node_drift(DomainId(node.domain_id), NodeId(node.id))
        return [_drift_view(report) for report in reports]

    async def reachability(self, permitted: Permitted, node: NodeView, /) -> NodeReachabilityView:
        with TRANSLATED:
            heard = await self.get_node_reachability(DomainId(node.domain_id), NodeId(node.id))
        return NodeReachabilityView(node.reachability, heard.last_heartbeat_at, heard.changed_at)

    async def topology(self, permitted: Permitted, domain_id: UUID, /) -> TopologyView:
        with TRANSLATED:
            topology = await self.get_topology(DomainId(domain_id))
        return TopologyView(
            self.clock.now(),
            ([_topology_node(node) for node in group] for group in _groups(topology.nodes)),
            ([_edge(edge) for edge in leaving] for leaving in topology.edges),
            topology.is_whole,
        )

    def _granted(self, permitted: Permitted, node: NodeView) -> None:
        self.trail.record(granted(permitted, DomainId(node.domain_id), node_object(node.id)))


def _view(node: Node) -> NodeView:
    return NodeView(
        id=node.id,
        name=node.name,
        domain_id=node.domain_id,
        project_id=node.project_id,
        kind=node.kind.value,
        hostname=node.hostname,
        mesh_ip=str(node.mesh_ip),
        public_key=str(node.public_key),
        metadata=node.metadata,
        facts=node.facts,
        reachability=node.reachability.value,
        created_at=node.created_at,
    )


def _drift_view(report: DriftReport) -> DriftView:
    corrections = [CorrectionView(each.type, each.detail) for each in report.corrections]
    return DriftView(report.id, report.reported_at, corrections)


def _topology_node(node: Node) -> TopologyNodeView:
    return TopologyNodeView(node.id, str(node.mesh_ip), node.reachability.value)


def _edge(edge: Edge) -> EdgeView:
    return EdgeView(edge.source, edge.target, edge.reachability.value)


def _groups(nodes: Sequence[Node]) -> Iterator[Sequence[Node]]:
    return (nodes[start : start + AT_ONCE] for start in range(0, len(nodes), AT_ONCE))


def _place(position: str) -> NodeId | None:
    return NodeId(parse_id(position)) if position else None
