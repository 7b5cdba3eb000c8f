"""The turn to change who sees whom."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId


class MeshTurn(Protocol):
    """Orders changes of who is in a Domain's mesh, and of who sees whom in it."""

    async def take(self, domain_id: DomainId, /) -> int | None:
        """
        Wait for the turn; return the mesh revision that the change gets, or None when there is no such Domain.

        The turn lasts until the unit of work ends. While it lasts nothing else changes who sees whom, and the
        Domain's visibility index is exact. A unit of work changes policies of a Domain once: a second turn would
        show the index what is not yet committed.
        """
        ...
