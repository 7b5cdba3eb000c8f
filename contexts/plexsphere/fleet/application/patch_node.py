"""Use case: change a node's name and metadata (design D35)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plexsphere.fleet.application.change_node import ChangeNode
from plexsphere.fleet.domain.metadata import metadata
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.node_name import node_name
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class NodePatch:
    """What a patch names: no name leaves it as it is, a key without a value is removed."""

    name: str | None = None
    metadata: Mapping[str, str | None] = field(default_factory=dict)

    def applied_to(self, node: Node) -> Node:
        """
        Return the node as it shall be.

        Raises:
            InvalidNodeName, InvalidMetadata: it would break a rule.
        """
        merged = {**node.metadata, **self.metadata}
        return replace(
            node,
            name=node.name if self.name is None else node_name(self.name),
            metadata=metadata({key: value for key, value in merged.items() if value is not None}),
        )


@dataclass(frozen=True, slots=True)
class PatchNode:
    """Merge the patch into the node; keys it does not name stay."""

    change_node: ChangeNode

    async def __call__(self, domain_id: DomainId, node_id: NodeId, patch: NodePatch) -> Node:
        """
        Return the node as it is stored now.

        Raises:
            NodeNotFound: it is not a live node of the Domain.
            InvalidNodeName, InvalidMetadata: nothing changed.
        """
        return await self.change_node(domain_id, node_id, patch.applied_to)
