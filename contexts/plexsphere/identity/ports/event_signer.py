"""The signature under every event."""

from typing import Protocol

from plexsphere.identity.domain.signing_key import SigningKeyRing


class EventSigner(Protocol):
    """Signs with the deployment's current key."""

    def sign(self, octets: bytes) -> bytes:
        """Return the 64 bytes of the Ed25519 signature over the octets."""
        ...

    def ring(self) -> SigningKeyRing:
        """Return the public keys the signatures verify with."""
        ...
