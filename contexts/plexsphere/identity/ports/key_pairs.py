"""The making of signing keys."""

from typing import Protocol

from plexsphere.identity.domain.signing_key import KeyPair


class DrawsKeyPairs(Protocol):
    """A source of Ed25519 keys."""

    def __call__(self) -> KeyPair:
        """Return a key pair that was never returned before."""
        ...
