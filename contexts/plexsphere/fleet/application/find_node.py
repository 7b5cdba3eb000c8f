"""Use case: find a live node by its id alone."""

from dataclasses import dataclass

from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.platform.kernel.ids import NodeId


@dataclass(frozen=True, slots=True)
class FindNode:
    """Return the node, or None: who asks decides what the caller may learn of it."""

    nodes: Nodes

    async def __call__(self, node_id: NodeId) -> Node | None:
        return await self.nodes.find(node_id)
