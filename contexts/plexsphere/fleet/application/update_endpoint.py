"""Use case: a node reports where it is reached from outside (plexd.md, NAT Endpoint Discovery; design D28)."""

from dataclasses import dataclass

from plexsphere.fleet.domain.endpoint import Endpoint, nat_type
from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.sight import Sight
from plexsphere.fleet.ports.views import Views
from plexsphere.platform.kernel.events import Announcement, Announcements, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PeerEndpoint:
    """Where a visible peer is reached."""

    peer_id: NodeId
    endpoint: str


@dataclass(frozen=True, slots=True)
class UpdateEndpoint:
    """Store the endpoint and let peers know; one that is known already costs no statement and no event."""

    unit_of_work: UnitOfWork
    views: Views
    nodes: Nodes
    sight: Sight
    announcements: Announcements

    async def __call__(
        self, domain_id: DomainId, node_id: NodeId, public_endpoint: str, nat: str
    ) -> list[PeerEndpoint]:
        """
        Return the endpoints of all visible peers that reported one.

        Raises:
            InvalidEndpoint: no address and port, or an unknown NAT type.
            NodeNotFound: the node left.
        """
        endpoint, kind = str(Endpoint.parse(public_endpoint)), nat_type(nat)
        view = self.views.loaded(domain_id) or await self.views.of(domain_id)
        node = view.node(node_id)
        if node is None or (node.endpoint, node.nat_type) != (endpoint, kind):
            await self._store(domain_id, node_id, endpoint, kind)
        return self._peers(view, node_id)

    async def _store(self, domain_id: DomainId, node_id: NodeId, endpoint: str, kind: str) -> None:
        async with self.unit_of_work():
            if await self.nodes.set_endpoint(domain_id, node_id, endpoint, kind):
                frames = (Frame(EventType.PEER_ENDPOINT_CHANGED, node_id),)
                row = Announcement(domain_id, SubjectKind.NODE, node_id, frames, recipients=None)
                self.announcements.announce([row])
            elif await self.nodes.get(domain_id, node_id) is None:
                raise NodeNotFound(node_id)

    def _peers(self, view: MeshView, node_id: NodeId) -> list[PeerEndpoint]:
        peers = [view.node(peer) for peer in sorted(self.sight.peers_of(view.domain_id, node_id))]
        told = [peer for peer in peers if peer and not peer.is_taken_away]
        return [PeerEndpoint(peer.id, peer.endpoint) for peer in told if peer.endpoint]
