"""What nodes announce that they can do."""

from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId


class Capabilities(Protocol):
    """The capability manifests, one for each node."""

    async def put(
        self, domain_id: DomainId, node_id: NodeId, manifest: bytes, reported_at: datetime, /
    ) -> ProjectId:
        """
        Keep the manifest, a JSON object, in place of the one before, and return the node's Project.

        Joins the open unit of work, and until it is over the node does not leave.

        Raises:
            NodeNotFound: it is no live node of the Domain.
        """
        ...
