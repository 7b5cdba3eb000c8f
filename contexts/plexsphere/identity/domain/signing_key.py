"""The deployment's Ed25519 keys that sign events (design D11, D22)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.sealing import Binding
from plexsphere.platform.kernel.secret import Secret

SIGNING_KEY: Final = "signing-key"
NO_DOMAIN: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new Ed25519 key: 32 bytes of public key, 32 bytes of private seed."""

    public_key: bytes
    seed: Secret[bytes]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A signing key as it is stored; `transition_expires` says until when a previous one is still honoured."""

    id: UUID
    public_key: bytes
    seed_sealed: bytes
    created_at: datetime
    transition_expires: datetime | None = None

    @property
    def binding(self) -> Binding:
        """Return the one place where the sealed seed may lie."""
        return signing_key_binding(self.id)


@dataclass(frozen=True, slots=True)
class SigningKeyRing:
    """The public keys agents verify with: the current one and, during a transition, the one before."""

    current: bytes
    previous: bytes | None = None
    transition_expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenedSigningKeys:
    """The ring, and the private seed of its current key."""

    ring: SigningKeyRing
    seed: Secret[bytes]


def signing_key_binding(key_id: UUID) -> Binding:
    """Return the one place where the seed of this key may lie; keys belong to no Domain."""
    return Binding(SIGNING_KEY, NO_DOMAIN, key_id)
