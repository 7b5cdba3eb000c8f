"""The bytes of an event that are signed (design D21)."""

import json
import re
from typing import Final

from plexd.protocol.instants import canonical_instant

_TO_REWRITE: Final = re.compile(rb"[ \t\r\n<>&]|\xe2\x80[\xa8\xa9]")
_STRING_OR_SPACE: Final = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', re.DOTALL)
_ESCAPED: Final = re.compile(rb"[<>&]|\xe2\x80[\xa8\xa9]")
_ESCAPES: Final = {
    b"<": rb"\u003c",
    b">": rb"\u003e",
    b"&": rb"\u0026",
    b"\xe2\x80\xa8": rb"\u2028",
    b"\xe2\x80\xa9": rb"\u2029",
}


def signed_bytes(event_type: str, event_id: str, issued_at: str, nonce: str, payload: bytes) -> bytes:
    """
    Return the one JSON text that the signature of an event covers.

    Keys stand in a fixed order without whitespace; the payload keeps its key order, number texts and escapes as it
    was sent, and loses only whitespace between its tokens.

    Raises:
        ValueError: `issued_at` is not an RFC 3339 instant.
    """
    return b"".join(
        [
            b'{"event_type":',
            _text(event_type),
            b',"event_id":',
            _text(event_id),
            b',"issued_at":',
            _text(canonical_instant(issued_at)),
            b',"nonce":',
            _text(nonce),
            b',"payload":',
            compact(payload),
            b"}",
        ]
    )


def compact(json_text: bytes) -> bytes:
    """Return the JSON text without whitespace between tokens, `<` `>` `&` and U+2028/9 escaped."""
    if _TO_REWRITE.search(json_text) is None:
        return json_text
    return _escape(_STRING_OR_SPACE.sub(lambda match: match[1] or b"", json_text))


def _text(value: str) -> bytes:
    return _escape(json.dumps(value, ensure_ascii=False).encode())


def _escape(octets: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], octets)
