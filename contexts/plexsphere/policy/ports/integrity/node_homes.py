"""Where a node is at home, as fleet knows it."""

from typing import Protocol

from plexsphere.platform.kernel.ids import NodeId, ProjectId


class NodeHomes(Protocol):
    """Knows the Projects of nodes."""

    async def project_of_node(self, node_id: NodeId, /) -> ProjectId | None:
        """Return the Project of a live node, or None."""
        ...
