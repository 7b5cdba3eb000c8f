"""Sealing under the wrap key of managed push (managed-push.md, Sealing envelope and wrap-key contract)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plexsphere.managed_push.domain.errors import SealerMisconfigured
from plexsphere.platform.kernel.ids import DomainId, PushId
from plexsphere.platform.kernel.sealing import SealBroken
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.sealing import derive_key

WRAP_KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class Purpose(StrEnum):
    """The columns beside the kubeconfig's; each is sealed under a key of its own, so that none opens in another."""

    PRIOR_STATE = "managed push prior state"
    PARAMETERS = "managed push parameters"
    INTENDED_PRIOR_STATE = "managed push intent prior state"
    INTENDED_PARAMETERS = "managed push intent parameters"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """
    The wrap keys: the current one seals, both open.

    Raises:
        SealerMisconfigured: a key is not exactly 32 bytes long.
    """

    current: Secret[bytes]
    previous: Secret[bytes] | None = None

    def __post_init__(self) -> None:
        if any(len(key.reveal()) != WRAP_KEY_BYTES for key in self):
            raise SealerMisconfigured

    def __iter__(self) -> Iterator[Secret[bytes]]:
        return iter([self.current] if self.previous is None else [self.current, self.previous])

    def derived(self, purpose: Purpose) -> "KeyRing":
        """Return the keys of one purpose: they say nothing about the wrap keys, nor about those of another."""
        return KeyRing(*(derive_key(key, purpose) for key in self))


class Envelope:
    """
    AES-256-GCM: a random nonce of 12 bytes, then the ciphertext with its tag of 16.

    `bound` is authenticated with it, and belongs to the place where the sealed value lies.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ciphers: Final = [AESGCM(key.reveal()) for key in ring]

    def seal(self, plaintext: Secret[bytes], bound: bytes) -> bytes:
        """Return what opens for these bound bytes alone."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, plaintext.reveal(), bound)

    def open(self, sealed: bytes, bound: bytes) -> Secret[bytes]:
        """
        Return what was sealed under the current key or the previous one.

        Raises:
            SealBroken: neither of them, other bound bytes, or altered ones.
        """
        for cipher in self._ciphers:
            opened = _opened(cipher, sealed, bound)
            if opened is not None:
                return opened
        raise SealBroken

    def renewed(self, sealed: bytes, bound: bytes) -> bytes | None:
        """
        Return the same sealed under the current key; None when it is already.

        Raises:
            SealBroken: as for opening.
        """
        if _opened(self._ciphers[0], sealed, bound) is not None:
            return None
        return self.seal(self.open(sealed, bound), bound)


class AesGcmSealer:
    """Answers the port `Sealer`: under the wrap key itself, bound to the 16 bytes of the Domain's id."""

    def __init__(self, ring: KeyRing) -> None:
        self._envelope: Final = Envelope(ring)

    def seal(self, domain_id: DomainId, kubeconfig: Secret[bytes], /) -> bytes:
        """Seal with a nonce of its own."""
        return self._envelope.seal(kubeconfig, domain_id.bytes)

    def open(self, domain_id: DomainId, sealed: bytes, /) -> Secret[bytes]:
        """Try the current key first."""
        return self._envelope.open(sealed, domain_id.bytes)

    def renewed(self, domain_id: DomainId, sealed: bytes) -> bytes | None:
        """Return the same under the current key; None when it is already."""
        return self._envelope.renewed(sealed, domain_id.bytes)


class PushSealer:
    """Seals one column of what is kept for each push: under the column's key, bound to the Domain and the push."""

    def __init__(self, ring: KeyRing, purpose: Purpose) -> None:
        self._envelope: Final = Envelope(ring.derived(purpose))

    def seal(self, domain_id: DomainId, push_id: PushId, plaintext: Secret[bytes]) -> bytes:
        """Return what opens in this column for this push alone."""
        return self._envelope.seal(plaintext, _bound(domain_id, push_id))

    def open(self, domain_id: DomainId, push_id: PushId, sealed: bytes) -> Secret[bytes]:
        """
        Return what was sealed.

        Raises:
            SealBroken: another key, column, Domain or push, or altered bytes.
        """
        return self._envelope.open(sealed, _bound(domain_id, push_id))

    def renewed(self, domain_id: DomainId, push_id: PushId, sealed: bytes) -> bytes | None:
        """Return the same under the current key; None when it is already."""
        return self._envelope.renewed(sealed, _bound(domain_id, push_id))


def _bound(domain_id: DomainId, push_id: PushId) -> bytes:
    return domain_id.bytes + push_id.bytes


def _opened(cipher: AESGCM, sealed: bytes, bound: bytes) -> Secret[bytes] | None:
    try:
        return Secret(cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound))
    except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
        return None
