"""Fakes of what fleet knows beyond its rows: who sees whom, and the views of a process."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.sight_change import PeerChange, SightChange
from plexsphere.fleet.ports.sight import SightedNode
from plexsphere.platform.kernel.ids import DomainId, NodeId
from tests.support.fleet import FleetKit

GROUP: Final = "group"
SPOKE: Final = "spoke"
Nodes = Mapping[NodeId, SightedNode]


class GroupSight:
    """
    Nodes of one Project see each other when they have the same `group` label, unless both have a `spoke` label.

    They enforce rules that are called like their group.
    """

    def __init__(self) -> None:
        self._nodes: dict[DomainId, dict[NodeId, SightedNode]] = {}
        self._weights: dict[NodeId, int] = {}
        self._moment = object()

    def put(self, domain_id: DomainId, node: SightedNode, weight: int, /) -> None:
        self._nodes.setdefault(domain_id, {})[node.node_id] = node
        self._weights[node.node_id] = weight
        self._moment = object()

    def remove(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        self._of(domain_id).pop(node_id, None)
        self._moment = object()

    def moment(self, domain_id: DomainId, /) -> object:
        return self._moment

    def sees(self, domain_id: DomainId, one: NodeId, other: NodeId, /) -> bool:
        return other in self.peers_of(domain_id, one)

    def peers_of(self, domain_id: DomainId, node_id: NodeId, /) -> frozenset[NodeId]:
        return _peers(self._of(domain_id), node_id)

    def peers_weight(self, domain_id: DomainId, node_id: NodeId, /) -> int:
        return sum(self._weights[peer] for peer in self.peers_of(domain_id, node_id)) % 2**128

    def would_see(self, domain_id: DomainId, node: SightedNode, /) -> frozenset[NodeId]:
        return _peers({**self._of(domain_id), node.node_id: node}, node.node_id)

    def would_change(self, domain_id: DomainId, node: SightedNode, /) -> SightChange:
        now = self._of(domain_id)
        return _difference(now, {**now, node.node_id: node})

    def would_leave(self, domain_id: DomainId, node_id: NodeId, /) -> SightChange:
        now = self._of(domain_id)
        return _difference(now, {key: node for key, node in now.items() if key != node_id})

    async def refresh(self, domain_id: DomainId, revision: int, /) -> None:
        """There are no policies here that could have changed."""

    def rules(self, domain_id: DomainId, node_id: NodeId, /) -> str:
        return f'["{_group(self._of(domain_id), node_id)}"]'

    def rules_tag(self, domain_id: DomainId, node_id: NodeId, /) -> bytes:
        return _group(self._of(domain_id), node_id).encode()

    def _of(self, domain_id: DomainId) -> dict[NodeId, SightedNode]:
        return self._nodes.get(domain_id, {})


def _group(nodes: Nodes, node_id: NodeId) -> str:
    return nodes[node_id].labels.get(GROUP, "") if node_id in nodes else ""


def _peers(nodes: Nodes, node_id: NodeId) -> frozenset[NodeId]:
    group = _group(nodes, node_id)
    if not group:
        return frozenset()
    one = nodes[node_id]
    return frozenset(
        other
        for other, node in nodes.items()
        if other != node_id
        and (node.project_id, _group(nodes, other)) == (one.project_id, group)
        and not (SPOKE in one.labels and SPOKE in node.labels)
    )


def _difference(before: Nodes, after: Nodes) -> SightChange:
    everybody = sorted({*before, *after})
    changes = [_change(node_id, _peers(before, node_id), _peers(after, node_id)) for node_id in everybody]
    pairs = sum(len(_peers(before, node_id)) for node_id in before) // 2
    return SightChange(
        tuple(each for each in changes if each.gained or each.lost),
        frozenset(
            node_id
            for node_id in everybody
            if node_id in after and _group(before, node_id) != _group(after, node_id)
        ),
        pairs,
        sum(len(each.lost) for each in changes) // 2,
    )


def _change(node_id: NodeId, before: frozenset[NodeId], after: frozenset[NodeId]) -> PeerChange:
    return PeerChange(node_id, after - before, before - after)


class MemoryViews:
    """The views of a process that follows the collections at once."""

    def __init__(self, kit: FleetKit, mesh_views: MeshViews) -> None:
        self._kit = kit
        self._mesh_views = mesh_views
        self.at = 0

    def loaded(self, domain_id: DomainId, /) -> MeshView | None:
        return self._mesh_views.loaded(domain_id)

    async def of(self, domain_id: DomainId, /) -> MeshView:
        if self.loaded(domain_id) is None:
            record = await self._kit.meshes.get(domain_id)
            if record is None:
                raise DomainNotFound(domain_id)
            list(self._mesh_views.begin(domain_id, record, await self._kit.nodes.all_of(domain_id)))
        view = self.loaded(domain_id)
        assert view is not None
        return view

    def position(self, domain_id: DomainId, /) -> int:
        return self.at

    async def catch_up(self, domain_id: DomainId, offset: int, /) -> None:
        view = await self.of(domain_id)
        changed = await self._kit.nodes.changed(domain_id, view.revision, ())
        record = await self._kit.meshes.get(domain_id)
        revision, log_denied = (record.revision, record.log_denied) if record else (view.revision, None)
        self._mesh_views.apply(domain_id, changed, revision, log_denied)


class FollowedFleet:
    """A kit with the views of one process over it, ready for the use cases that take turns."""

    def __init__(self, kit: FleetKit) -> None:
        self.kit: Final = kit
        self.sight: Final = GroupSight()
        self.mesh_views: Final = MeshViews(self.sight)
        self.views: Final = MemoryViews(kit, self.mesh_views)
        self.take_turn: Final = TakeTurn(self.views, self.mesh_views, kit.meshes, kit.nodes, self.sight)

    async def join(self, *nodes: Node) -> None:
        """Add nodes, one turn each, and let the views know them."""
        for node in nodes:
            async with self.kit.unit_of_work():
                turn = await self.take_turn(node.domain_id)
                await self.kit.nodes.add(node, turn.revision)
            await self.views.catch_up(node.domain_id, self.views.at)


def grouped(nodes: Iterable[Node], group: str) -> list[Node]:
    """Return the nodes with their `group` label set."""
    return [replace(node, metadata={**node.metadata, GROUP: group}) for node in nodes]
