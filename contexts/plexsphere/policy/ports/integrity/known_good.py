"""What the agent's released binaries are."""

from collections.abc import Collection
from typing import Protocol


class KnownGood(Protocol):
    """Knows the digests of the agent's binaries, by their version."""

    async def of(self, version: str, /) -> frozenset[str]:
        """
        Return the SHA-256 of every binary of the version, of whatever operating system and architecture.

        Each is 64 lower-case hexadecimal digits; there are none where nothing of that version was released.
        """
        ...

    async def supported_among(self, digests: Collection[str], /) -> frozenset[str]:
        """Return which of these digests, written likewise, are of some version that is supported."""
        ...
