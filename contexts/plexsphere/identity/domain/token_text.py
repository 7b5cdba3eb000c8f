"""The texts of our bearer tokens: `plx_<kind>_<row id>_<256 bits>` (design D9)."""

import re
from base64 import urlsafe_b64encode
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.secret import Secret

SECRET_BYTES: Final = 32

_TEXT: Final = re.compile(r"plx_(enroll|node|api)_([0-9a-f]{32})_[A-Za-z0-9_-]{43}", re.ASCII)


class TokenKind(StrEnum):
    """What a token text is good for."""

    ENROLL = "enroll"
    NODE = "node"
    API = "api"


def token_text(kind: TokenKind, row_id: UUID, entropy: bytes) -> Secret[str]:
    """
    Return the text that proves knowledge of 256 random bits and says where to look.

    Raises:
        ValueError: not exactly 32 bytes of entropy.
    """
    if len(entropy) != SECRET_BYTES:
        raise ValueError(f"a token carries {SECRET_BYTES} random bytes")
    secret = urlsafe_b64encode(entropy).decode().rstrip("=")
    return Secret(f"plx_{kind}_{row_id.hex}_{secret}")


def row_id_in(kind: TokenKind, text: Secret[str]) -> UUID | None:
    """Return the row id of a well-formed text of this kind, or None."""
    match = _TEXT.fullmatch(text.reveal())
    if match is None or match[1] != kind:
        return None
    return UUID(hex=match[2])


def digest(text: Secret[str]) -> bytes:
    """Return the SHA-256 of a bearer: all that is stored of it, and its key in caches."""
    return sha256(text.reveal().encode(errors="surrogatepass")).digest()
