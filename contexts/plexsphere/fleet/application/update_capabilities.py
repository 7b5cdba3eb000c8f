"""Use case: a node announces what it can do (plexd.md, Capability Announcement)."""

from dataclasses import dataclass

from plexsphere.fleet.ports.capabilities import Capabilities
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class UpdateCapabilities:
    """Keep the manifest whole, in place of the one before, under the time it arrived."""

    capabilities: Capabilities
    clock: Clock

    async def __call__(self, domain_id: DomainId, node_id: NodeId, manifest: bytes) -> None:
        """
        Keep the manifest, a JSON object.

        Raises:
            NodeNotFound: the node was never registered.
        """
        await self.capabilities.put(domain_id, node_id, manifest, self.clock.now())
