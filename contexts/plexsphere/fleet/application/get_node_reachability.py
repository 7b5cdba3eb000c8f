"""Use case: how the control plane last heard of a node (rest contract, keys; design D26)."""

from dataclasses import dataclass

from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.fleet.ports.liveness import LastHeard, Silences
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class GetNodeReachability:
    """Tell when a node was last heard of, and since when its reachability is what it is."""

    silences: Silences

    async def __call__(self, domain_id: DomainId, node_id: NodeId) -> LastHeard:
        """
        Return both times.

        Raises:
            NodeNotFound: it is not a live node of the Domain.
        """
        heard = await self.silences.last_heard(domain_id, node_id)
        if heard is None:
            raise NodeNotFound(node_id)
        return heard
