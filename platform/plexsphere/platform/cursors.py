"""Continuations of a list: sealed, then signed, and bound to one caller and one listing (design D34)."""

import base64
import binascii
import hmac
import os
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plexsphere.platform.kernel.cursors import CursorBindingMismatch, InvalidCursor
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.sealing import derive_key

VERSION: Final = b"\x01"
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
MAC_BYTES: Final = 32
PSEUDONYM_BYTES: Final = 32
SHORTEST: Final = len(VERSION) + NONCE_BYTES + PSEUDONYM_BYTES + TAG_BYTES + MAC_BYTES
LONGEST_POSITION: Final = 1088
LONGEST_CURSOR: Final = 2048


class SealedCursors:
    """
    Answers the port `CursorCodec`.

    A cursor is base64url of: version byte, nonce, AES-256-GCM of (caller's pseudonym, position), HMAC-SHA256 of all
    before it and of the listing's name. Position and pseudonym are unreadable, so nobody learns of hidden rows.
    """

    def __init__(self, wrap_key: Secret[bytes]) -> None:
        self._cipher = AESGCM(derive_key(wrap_key, "cursor sealing v1").reveal())
        self._signing_key = derive_key(wrap_key, "cursor signing v1")
        self._pepper = derive_key(wrap_key, "cursor pseudonym v1")

    def encode(self, caller: str, listing: str, position: str) -> str:
        """
        Return the cursor.

        Raises:
            ValueError: the position is longer than 1088 bytes.
        """
        octets = position.encode()
        if len(octets) > LONGEST_POSITION:
            raise ValueError(f"a position takes at most {LONGEST_POSITION} bytes")
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, self._pseudonym(caller) + octets, _context(listing))
        signed = VERSION + nonce + sealed
        return base64.urlsafe_b64encode(signed + self._mac(listing, signed)).rstrip(b"=").decode()

    def decode(self, caller: str, listing: str, cursor: str) -> str:
        """
        Return the position.

        Raises:
            InvalidCursor: cut, altered, of another version, key or listing.
            CursorBindingMismatch: minted for another caller.
        """
        pseudonym, position = self._open(listing, self._verified(listing, _octets(cursor)))
        if not hmac.compare_digest(pseudonym, self._pseudonym(caller)):
            raise CursorBindingMismatch
        return position.decode()

    def _verified(self, listing: str, octets: bytes) -> bytes:
        signed, mac = octets[:-MAC_BYTES], octets[-MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(listing, signed)):
            raise InvalidCursor
        return signed

    def _open(self, listing: str, signed: bytes) -> tuple[bytes, bytes]:
        nonce, sealed = signed[1 : 1 + NONCE_BYTES], signed[1 + NONCE_BYTES :]
        try:
            plain = self._cipher.decrypt(nonce, sealed, _context(listing))
        except InvalidTag as error:
            raise InvalidCursor from error
        return plain[:PSEUDONYM_BYTES], plain[PSEUDONYM_BYTES:]

    def _mac(self, listing: str, signed: bytes) -> bytes:
        return hmac.digest(self._signing_key.reveal(), _context(listing) + signed, sha256)

    def _pseudonym(self, caller: str) -> bytes:
        return hmac.digest(self._pepper.reveal(), caller.encode(), sha256)


def _context(listing: str) -> bytes:
    name = listing.encode()
    return len(name).to_bytes(2, "big") + name


def _octets(cursor: str) -> bytes:
    if len(cursor) > LONGEST_CURSOR:
        raise InvalidCursor
    try:
        octets = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor from error
    # One text per cursor: a spelling that differs in unused bits or padding alone is refused as well.
    canonical = base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
    if canonical != cursor or len(octets) < SHORTEST or octets[:1] != VERSION:
        raise InvalidCursor
    return octets
