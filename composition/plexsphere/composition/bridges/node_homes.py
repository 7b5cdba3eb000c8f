"""Policy's question where a node is at home, answered by fleet."""

from dataclasses import dataclass

from plexsphere.fleet.application.find_node import FindNode
from plexsphere.platform.kernel.ids import NodeId, ProjectId


@dataclass(frozen=True, slots=True)
class NodeHomesBridge:
    """Answers policy's port `NodeHomes`."""

    find_node: FindNode

    async def project_of_node(self, node_id: NodeId, /) -> ProjectId | None:
        node = await self.find_node(node_id)
        return node.project_id if node else None
