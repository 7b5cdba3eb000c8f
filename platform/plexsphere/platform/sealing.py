"""Sealing under the deployment's wrap key (design D11)."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plexsphere.platform.kernel.sealing import Binding, SealBroken
from plexsphere.platform.kernel.secret import Secret

WRAP_KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SEALING: Final = "sealing v1"


class AesGcmSealer:
    """AES-256-GCM: a random 96-bit nonce, then the ciphertext with its tag; the binding is authenticated."""

    def __init__(self, wrap_key: Secret[bytes]) -> None:
        """
        Derive the sealing key.

        Raises:
            ValueError: the wrap key is not 32 bytes long.
        """
        self._cipher = AESGCM(derive_key(wrap_key, SEALING).reveal())

    def seal(self, plaintext: Secret[bytes], binding: Binding) -> bytes:
        """Return bytes that open for this binding alone."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plaintext.reveal(), binding.octets())

    def open(self, sealed: bytes, binding: Binding) -> Secret[bytes]:
        """
        Return what was sealed.

        Raises:
            SealBroken: wrong key, wrong binding or altered bytes.
        """
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return Secret(self._cipher.decrypt(nonce, ciphertext, binding.octets()))
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise SealBroken from error


def derive_key(wrap_key: Secret[bytes], purpose: str, length: int = 32) -> Secret[bytes]:
    """
    Return the key of one purpose, by HKDF-SHA256: keys of two purposes say nothing about each other.

    Raises:
        ValueError: the wrap key is not 32 bytes long.
    """
    if len(wrap_key.reveal()) != WRAP_KEY_BYTES:
        raise ValueError(f"a wrap key is {WRAP_KEY_BYTES} bytes long")
    derivation = HKDF(algorithm=SHA256(), length=length, salt=None, info=f"plexsphere {purpose}".encode())
    return Secret(derivation.derive(wrap_key.reveal()))
