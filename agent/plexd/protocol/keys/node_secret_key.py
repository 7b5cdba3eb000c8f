"""The node secret key opens what the control plane seals for this node (plexd.md, Secret Encryption)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plexd.protocol.keys.base64_key import read_base64, read_key
from plexd.protocol.keys.errors import BadKeyError, UndecipherableError
from plexd.protocol.masked import MASK, Masked
from plexd.protocol.messages.entries import SealedSecret


class NodeSecretKey:
    """AES-256-GCM under 32 bytes that only this node and the control plane hold."""

    __slots__ = ("_text",)

    def __init__(self, text: Masked) -> None:
        """
        Take the base64 text of the registration answer.

        Raises:
            BadKeyError: not base64 of 32 bytes.
        """
        read_key(text.reveal())
        self._text = text

    def open(self, secret: SealedSecret) -> Masked:
        """
        Return the plain text, for memory and never for a disk.

        Raises:
            UndecipherableError: sealed under another key, changed on the way, or not text.
        """
        try:
            nonce, ciphertext = read_base64(secret.nonce), read_base64(secret.ciphertext)
            plaintext = AESGCM(read_key(self._text.reveal())).decrypt(nonce, ciphertext, None)
            return Masked(plaintext.decode())
        except (InvalidTag, BadKeyError, ValueError) as cause:
            raise UndecipherableError(secret.key) from cause

    def __repr__(self) -> str:
        return f"NodeSecretKey({MASK})"
