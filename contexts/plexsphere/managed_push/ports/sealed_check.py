"""Storage of the self-check that tells a wrong wrap key (hardening C34)."""

from typing import Final, Protocol
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId

# Whom it is sealed for: design D1 gives no Domain the nil id.
NOBODY: Final = DomainId(UUID(int=0))


class SealedCheck(Protocol):
    """The one sealed value that is there from the first process on that knew a wrap key."""

    async def settle(self, sealed: bytes, /) -> bytes:
        """Keep the value unless there is one already; return the one that is kept."""
        ...
