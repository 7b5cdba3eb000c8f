"""Use case: remove one metadata key of a node (design D35)."""

from dataclasses import dataclass, replace

from plexsphere.fleet.application.change_node import ChangeNode
from plexsphere.fleet.domain.errors import MetadataKeyNotFound
from plexsphere.fleet.domain.node import Node
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class DeleteNodeMetadata:
    """Remove the key."""

    change_node: ChangeNode

    async def __call__(self, domain_id: DomainId, node_id: NodeId, key: str) -> None:
        """
        Remove the key.

        Raises:
            NodeNotFound: it is not a live node of the Domain.
            MetadataKeyNotFound: the node has no such key.
        """

        def without(node: Node) -> Node:
            if key not in node.metadata:
                raise MetadataKeyNotFound(node.id)
            return replace(
                node, metadata={name: node.metadata[name] for name in node.metadata if name != key}
            )

        await self.change_node(domain_id, node_id, without)
