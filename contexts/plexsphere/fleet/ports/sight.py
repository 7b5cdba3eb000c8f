"""Who sees whom, as the policy context answers it for the views of this process (design D16)."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from plexsphere.fleet.domain.sight_change import SightChange
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId


@dataclass(frozen=True, slots=True)
class SightedNode:
    """What decides whom a node sees: its Project, its labels and its address."""

    node_id: NodeId
    project_id: ProjectId
    labels: Mapping[str, str]
    mesh_ip: IPv4Address


class Sight(Protocol):
    """
    The visible pairs of each followed Domain; every answer is computed in memory, without waiting.

    `put` and `remove` keep it in step with the mesh views; nothing else changes its nodes.
    """

    def put(self, domain_id: DomainId, node: SightedNode, weight: int, /) -> None:
        """Know a node; `weight` is what it adds to the weight of everyone who sees it."""
        ...

    def remove(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Forget a node that left."""
        ...

    def sees(self, domain_id: DomainId, one: NodeId, other: NodeId, /) -> bool:
        """Tell whether the pair is visible; False for nodes that are not known, and of a node with itself."""
        ...

    def peers_of(self, domain_id: DomainId, node_id: NodeId, /) -> frozenset[NodeId]:
        """Return whom the node sees."""
        ...

    def moment(self, domain_id: DomainId, /) -> object:
        """Return an object that is another after every change of who sees whom, of weights and of rules."""
        ...

    def peers_weight(self, domain_id: DomainId, node_id: NodeId, /) -> int:
        """Return the sum of the weights of whom the node sees, modulo 2**128."""
        ...

    def would_see(self, domain_id: DomainId, node: SightedNode, /) -> frozenset[NodeId]:
        """Return whom the node would see if it were as given."""
        ...

    def would_change(self, domain_id: DomainId, node: SightedNode, /) -> SightChange:
        """Return what would change for everybody if the node were as given."""
        ...

    def would_leave(self, domain_id: DomainId, node_id: NodeId, /) -> SightChange:
        """Return what would change for everybody if the node left."""
        ...

    async def refresh(self, domain_id: DomainId, revision: int, /) -> None:
        """Know every change of policies that committed behind a mesh revision."""
        ...

    def rules(self, domain_id: DomainId, node_id: NodeId, /) -> str:
        """Return the JSON array of the policies the node enforces, compiled to the agents' form."""
        ...

    def rules_tag(self, domain_id: DomainId, node_id: NodeId, /) -> bytes:
        """Return bytes that change whenever the compiled policies do."""
        ...
