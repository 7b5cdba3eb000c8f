"""Use case: set one metadata key of a node (design D35)."""

from dataclasses import dataclass

from plexsphere.fleet.application.change_node import ChangeNode
from plexsphere.fleet.application.patch_node import NodePatch
from plexsphere.fleet.domain.node import Node
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class PutNodeMetadata:
    """Set the key, whether it was there or not."""

    change_node: ChangeNode

    async def __call__(self, domain_id: DomainId, node_id: NodeId, key: str, value: str) -> Node:
        """
        Return the node as it is stored now.

        Raises:
            NodeNotFound: it is not a live node of the Domain.
            InvalidMetadata: the key, the value or one key more than a node may have.
        """
        return await self.change_node(domain_id, node_id, NodePatch(metadata={key: value}).applied_to)
