"""The signed envelope of an event, and its frame on the stream (design D20 to D22)."""

import re
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final

from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.ids import NodeId

LONGEST_LINE: Final = 60_000
SECONDS: Final = len("2026-01-15T10:30:00")
TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[^",]+|,')

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Place:
    """Which frame of which row, for whom: what an event's id and nonce derive from, the same at every delivery."""

    offset: int
    k: int
    node_id: NodeId

    @property
    def event_id(self) -> str:
        return f"evt_{self.offset}.{self.k}.{self.node_id.hex}"

    @property
    def nonce(self) -> str:
        return _nonce(self.event_id)


def frame(event_type: EventType, place: Place, payload: str, issued_at: datetime, sign: Sign) -> bytes:
    """
    Return one server-sent event with its signed envelope.

    `payload` is JSON text from `wire_json`. The signed bytes are built once and the signature is appended to that
    very text, so that what is sent and what was signed cannot differ.
    """
    event_id = place.event_id
    signed = signed_bytes(event_type, event_id, issued_at, _nonce(event_id), payload)
    envelope = b'%b,"signature":"%b"}' % (signed[:-1], b2a_base64(sign(signed), newline=False))
    if len(envelope) > LONGEST_LINE:
        envelope = b"\ndata: ".join(_lines(envelope))
    return b"id: %d.%d\nevent: %b\ndata: %b\n\n" % (place.offset, place.k, event_type.encode(), envelope)


def signed_bytes(event_type: str, event_id: str, issued_at: datetime, nonce: str, payload: str) -> bytes:
    """
    Return the bytes an event is signed over: five fields in this order, nothing else.

    Type, id and nonce are made of characters that stand for themselves in JSON; `issued_at` is in UTC.
    """
    return (
        f'{{"event_type":"{event_type}","event_id":"{event_id}",'
        f'"issued_at":"{issued_at.isoformat()[:SECONDS]}Z","nonce":"{nonce}","payload":{payload}}}'
    ).encode("ascii")


def _nonce(event_id: str) -> str:
    return blake2b(event_id.encode(), digest_size=16, person=b"plexsphere nonce").hexdigest()


def _lines(envelope: bytes) -> Iterator[bytes]:
    # Readers end a stream at a longer line; a line feed between two tokens changes nothing for a verifier.
    line = bytearray()
    for token in TOKEN.findall(envelope):
        if line and len(line) + len(token) > LONGEST_LINE:
            yield bytes(line)
            line.clear()
        line += token
    yield bytes(line)
