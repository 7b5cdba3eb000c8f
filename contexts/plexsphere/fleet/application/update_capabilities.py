"""Use case: a node announces what it can do (plexd.md, Capability Announcement)."""

from dataclasses import dataclass

from plexsphere.fleet.ports.capabilities import Capabilities
from plexsphere.fleet.ports.manifests import Manifests
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class UpdateCapabilities:
    """Keep the manifest whole, in place of the one before, under the time it arrived, and hand it on."""

    unit_of_work: UnitOfWork
    capabilities: Capabilities
    manifests: Manifests
    clock: Clock

    async def __call__(self, domain_id: DomainId, node_id: NodeId, manifest: bytes) -> None:
        """
        Keep the manifest, a JSON object.

        Raises:
            NodeNotFound: it is no live node of the Domain.
            InvalidManifest, InvalidSandbox: it is not what agents announce; nothing changed.
        """
        now = self.clock.now()
        async with self.unit_of_work():
            project_id = await self.capabilities.put(domain_id, node_id, manifest, now)
            await self.manifests.hand_on(domain_id, project_id, node_id, manifest, now)
