"""Use case: list the live nodes."""

from dataclasses import dataclass

from plexsphere.fleet.ports.nodes import NodePage, Nodes
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class ListNodes:
    """Return up to `limit` nodes behind `after`, of one Domain or of all, in the order of their ids."""

    nodes: Nodes

    async def __call__(self, domain_id: DomainId | None, after: NodeId | None, limit: int) -> NodePage:
        return await self.nodes.page(domain_id, after, limit)
