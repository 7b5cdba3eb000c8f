"""Storage of signing keys."""

from typing import Protocol

from plexsphere.identity.domain.signing_key import SigningKey


class SigningKeys(Protocol):
    """The deployment's signing keys: one current, and the previous one during a transition."""

    async def add_current(self, key: SigningKey) -> bool:
        """Keep the key as the current one, unless there is one already; say whether it was kept."""
        ...

    async def current(self) -> SigningKey | None:
        """Return the current key, or None."""
        ...

    async def previous(self) -> SigningKey | None:
        """Return the previous key while its transition lasts, or None."""
        ...
