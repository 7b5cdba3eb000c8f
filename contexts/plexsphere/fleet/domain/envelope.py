"""The signed envelope of an event, and its frame on the stream (design D20 to D22)."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final

from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.ids import NodeId

LONGEST_LINE: Final = 60_000
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
        return blake2b(self.event_id.encode(), digest_size=16, person=b"plexsphere nonce").hexdigest()


def frame(event_type: EventType, place: Place, payload: str, issued_at: datetime, sign: Sign) -> bytes:
    """
    Return one server-sent event with its signed envelope.

    `payload` is JSON text from `wire_json`. The signed bytes are built once and the signature is appended to that
    very text, so that what is sent and what was signed cannot differ.
    """
    signed = signed_bytes(event_type, place.event_id, issued_at, place.nonce, payload)
    signature = base64.b64encode(sign(signed))
    envelope = b'%s,"signature":"%s"}' % (signed[:-1], signature)
    head = f"id: {place.offset}.{place.k}\nevent: {event_type}\n".encode()
    lines = [envelope] if len(envelope) <= LONGEST_LINE else _lines(envelope)
    return head + b"".join(b"data: %s\n" % line for line in lines) + b"\n"


def signed_bytes(event_type: str, event_id: str, issued_at: datetime, nonce: str, payload: str) -> bytes:
    """Return the bytes an event is signed over: five fields in this order, nothing else."""
    return (
        f'{{"event_type":{wire_json(event_type)},"event_id":{wire_json(event_id)},'
        f'"issued_at":"{issued_at:%Y-%m-%dT%H:%M:%SZ}","nonce":{wire_json(nonce)},"payload":{payload}}}'
    ).encode("ascii")


def _lines(envelope: bytes) -> Iterator[bytes]:
    # Readers end a stream at a longer line; a line feed between two tokens changes nothing for a verifier.
    line = bytearray()
    for token in TOKEN.findall(envelope):
        if line and len(line) + len(token) > LONGEST_LINE:
            yield bytes(line)
            line.clear()
        line += token
    yield bytes(line)
