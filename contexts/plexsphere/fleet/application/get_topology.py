"""Use case: the topology of a Domain's mesh (rest contract, nodes and mesh)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.topology import Edge, Topology
from plexsphere.fleet.ports.sight import Sight
from plexsphere.fleet.ports.views import Views
from plexsphere.platform.kernel.ids import DomainId

# A picture with more edges says nothing to anybody; the answer stays below some 12 MB.
MOST_EDGES: Final = 50_000


@dataclass(frozen=True, slots=True)
class GetTopology:
    """Answer from the view and the sight of this process; every visible pair is two directed edges."""

    views: Views
    sight: Sight

    async def __call__(self, domain_id: DomainId) -> Topology:
        """
        Return the topology, with at most 50,000 edges.

        Raises:
            DomainNotFound: there is no such Domain.
        """
        view = self.views.loaded(domain_id) or await self.views.of(domain_id)
        nodes = sorted(view.nodes(), key=lambda node: node.id)
        edges: list[tuple[Edge, ...]] = []
        room = MOST_EDGES
        for node in nodes:
            leaving = self._leaving(view, node)
            if len(leaving) > room:
                return Topology(tuple(nodes), tuple(edges), is_whole=False)
            room -= len(leaving)
            edges.append(leaving)
            await asyncio.sleep(0)
        return Topology(tuple(nodes), tuple(edges), is_whole=True)

    def _leaving(self, view: MeshView, node: Node) -> tuple[Edge, ...]:
        peers = [view.node(peer) for peer in sorted(self.sight.peers_of(view.domain_id, node.id))]
        return tuple(Edge.between(node, peer) for peer in peers if peer)
