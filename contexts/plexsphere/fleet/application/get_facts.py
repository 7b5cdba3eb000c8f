"""Use case: what nodes said of themselves when they registered."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class GetFacts:
    """Return the facts of those of the nodes that live in the Domain; they tell, and never select (design D16)."""

    nodes: Nodes

    async def __call__(
        self, domain_id: DomainId, nodes: Collection[NodeId]
    ) -> Mapping[NodeId, Mapping[str, str]]:
        return await self.nodes.facts_of(domain_id, nodes)
