"""The signed envelope as it stands in the data of a frame."""

import msgspec

from plexd.protocol.events.canonical import signed_bytes
from plexd.protocol.wire import decode


class Envelope(msgspec.Struct, frozen=True):
    """An event before anything in it is believed; the payload is kept as the bytes that were sent."""

    event_type: str
    event_id: str
    issued_at: str
    nonce: str
    signature: str
    payload: msgspec.Raw = msgspec.Raw(b"null")

    def signed_bytes(self) -> bytes:
        """
        Return the bytes that the signature covers.

        Raises:
            ValueError: `issued_at` is not an RFC 3339 instant.
        """
        return signed_bytes(self.event_type, self.event_id, self.issued_at, self.nonce, bytes(self.payload))

    def is_complete(self) -> bool:
        """Tell whether no text that must say something is empty."""
        return all((self.event_type, self.event_id, self.issued_at, self.nonce, self.signature))


def read_envelope(data: bytes) -> Envelope:
    """
    Read the data of a frame: any key order, any whitespace, unknown keys ignored.

    Raises:
        Unreadable: not an envelope.
    """
    # Data may be cut into lines anywhere, so the feeds that join them are no part of the text (design D21).
    return decode(data.replace(b"\n", b""), Envelope)
