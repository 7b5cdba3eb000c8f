"""The signing key of events, as identity holds it (design D11, D21)."""

from typing import Protocol

from plexsphere.fleet.domain.node_state import SigningKeys


class EventSigner(Protocol):
    """Signs events with the deployment's current key."""

    def sign(self, octets: bytes, /) -> bytes:
        """Return the 64 bytes of the Ed25519 signature."""
        ...

    def keys(self) -> SigningKeys:
        """Return the public keys that signatures verify under."""
        ...
