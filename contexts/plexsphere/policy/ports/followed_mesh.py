"""The index of a Domain, at hand without a turn."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId


class FollowedMesh(Protocol):
    """Has this process follow a Domain, for who only wants to look."""

    async def bring_up(self, domain_id: DomainId, /) -> bool:
        """
        Have the Domain's visibility index in memory, with every policy that has committed; False without the Domain.

        Nodes may be a moment behind, as in everything that follows the log.
        """
        ...
