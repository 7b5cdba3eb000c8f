"""Policy's index without a turn, as this process follows the Domain."""

from dataclasses import dataclass

from plexsphere.composition.bridges.sight import SightBridge
from plexsphere.composition.bridges.views import FollowedViews
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class FollowedMeshBridge:
    """Answers policy's port `FollowedMesh`."""

    followed: FollowedViews
    sight: SightBridge

    async def bring_up(self, domain_id: DomainId, /) -> bool:
        """Follow the Domain, and read what changed of its policies since."""
        try:
            view = await self.followed.of(domain_id)
            await self.sight.refresh(domain_id, view.revision)
        except (DomainNotFound, LookupError):
            return False
        return True
