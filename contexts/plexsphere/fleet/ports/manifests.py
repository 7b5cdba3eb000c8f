"""Who makes use of what nodes announce."""

from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId


class Manifests(Protocol):
    """Hears of every manifest, in the unit of work that stores it."""

    async def hand_on(
        self,
        domain_id: DomainId,
        project_id: ProjectId,
        node_id: NodeId,
        manifest: bytes,
        reported_at: datetime,
        /,
    ) -> None:
        """
        Take a manifest, a JSON object, in place of the one before.

        Raises:
            InvalidManifest, InvalidSandbox: it is not what agents announce.
        """
        ...

    async def withdraw(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Forget what a node announced that leaves."""
        ...
