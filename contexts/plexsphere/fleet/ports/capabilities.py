"""What nodes announce that they can do."""

from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


class Capabilities(Protocol):
    """The capability manifests, one for each node."""

    async def put(
        self, domain_id: DomainId, node_id: NodeId, manifest: bytes, reported_at: datetime, /
    ) -> None:
        """
        Keep the manifest, a JSON object, in place of the one before; joins the open unit of work.

        Raises:
            NodeNotFound: the node was never registered.
        """
        ...
