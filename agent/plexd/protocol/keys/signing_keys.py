"""Whose signatures count (plexd.md, Signing Key Rotation)."""

from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from plexd.protocol.keys.base64_key import read_key
from plexd.protocol.messages.state import PublishedSigningKeys


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """
    The control plane's current key, and its previous one until `transition_expires`.

    A previous key without an end to its transition counts for nothing.
    """

    current: bytes
    previous: bytes | None = None
    transition_expires: datetime | None = None

    @classmethod
    def registered(cls, signing_public_key: str) -> "SigningKeys":
        """
        Trust the key of the registration answer.

        Raises:
            BadKeyError: not base64 of 32 bytes.
        """
        return cls(read_key(signing_public_key))

    @classmethod
    def published(cls, keys: PublishedSigningKeys) -> "SigningKeys":
        """
        Trust the keys of a state answer or of a rotation.

        Raises:
            BadKeyError: one of them is not base64 of 32 bytes.
        """
        previous = read_key(keys.previous) if keys.previous else None
        return cls(read_key(keys.current), previous, keys.transition_expires)

    def verify(self, signature: bytes, message: bytes, now: datetime) -> bool:
        """Tell whether one of the keys that count at `now` signed the message."""
        return any(_signed(key, signature, message) for key in self._counting(now))

    def _counting(self, now: datetime) -> list[bytes]:
        if self.previous is None or self.transition_expires is None or now >= self.transition_expires:
            return [self.current]
        return [self.current, self.previous]


def _signed(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
