"""Storage of the self-check that tells a wrong wrap key (design D11)."""

from typing import Protocol


class SealedChecks(Protocol):
    """One sealed value per purpose."""

    async def settle(self, purpose: str, sealed: bytes) -> bytes:
        """Keep the value unless there is one already; return the one that is kept."""
        ...
