"""Which events are believed (plexd.md, Verification on every event; design D22)."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from plexd.protocol.errors import Unreadable
from plexd.protocol.events.envelope import Envelope, read_envelope
from plexd.protocol.events.nonces import SeenNonces
from plexd.protocol.events.payloads import Payload, read_payload
from plexd.protocol.instants import parse_instant
from plexd.protocol.keys.base64_key import read_base64
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.timing import Clock
from plexd.protocol.wire import decode

FRESHNESS: Final = timedelta(minutes=5)


class Rejection(enum.Enum):
    """Why an event was not believed, in the order of the checks."""

    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    AHEAD_OF_TIME = "ahead_of_time"
    REPLAYED = "replayed"
    FOR_ANOTHER_NODE = "for_another_node"
    UNREADABLE_PAYLOAD = "unreadable_payload"


class Rejected(Exception):
    """An event that must not be acted on; `event_id` is what it claims to be, empty where it claims nothing."""

    def __init__(self, reason: Rejection, event_id: str = "") -> None:
        super().__init__(reason.value, event_id)
        self.reason = reason
        self.event_id = event_id


@dataclass(frozen=True, slots=True)
class Event:
    """An event that passed every check."""

    event_type: str
    event_id: str
    issued_at: datetime
    payload: Payload


class _Addressed(msgspec.Struct, frozen=True):
    node_id: str = ""


class Verifier:
    """Believes what is signed, fresh, new and meant for this node; `keys` may be replaced at any time."""

    __slots__ = ("_clock", "_node_id", "_nonces", "keys")

    def __init__(
        self, node_id: str, keys: SigningKeys, clock: Clock, nonces: SeenNonces | None = None
    ) -> None:
        self.keys = keys
        self._node_id = node_id
        self._clock = clock
        self._nonces = SeenNonces(FRESHNESS.total_seconds()) if nonces is None else nonces

    def verify(self, data: bytes) -> Event:
        """
        Return the event in the data of a frame.

        Raises:
            Rejected: the first check that failed; a nonce counts as used only once signature and age were right.
        """
        envelope = _read(data)
        self._check_signature(envelope)
        issued_at = self._check_age(envelope)
        self._check_nonce(envelope, issued_at)
        self._check_recipient(envelope)
        return Event(envelope.event_type, envelope.event_id, issued_at, _payload(envelope))

    def _check_signature(self, envelope: Envelope) -> None:
        try:
            signature, signed = read_base64(envelope.signature), envelope.signed_bytes()
        except ValueError as cause:
            raise Rejected(Rejection.MALFORMED, envelope.event_id) from cause
        if not self.keys.verify(signature, signed, self._clock.now()):
            raise Rejected(Rejection.BAD_SIGNATURE, envelope.event_id)

    def _check_age(self, envelope: Envelope) -> datetime:
        try:
            issued_at = parse_instant(envelope.issued_at)
            age = self._clock.now() - issued_at
        except (ValueError, OverflowError) as cause:
            raise Rejected(Rejection.MALFORMED, envelope.event_id) from cause
        if age > FRESHNESS:
            raise Rejected(Rejection.STALE, envelope.event_id)
        if age < -FRESHNESS:
            raise Rejected(Rejection.AHEAD_OF_TIME, envelope.event_id)
        return issued_at

    def _check_nonce(self, envelope: Envelope, issued_at: datetime) -> None:
        now = self._clock.now().timestamp()
        if not self._nonces.admit(envelope.nonce, issued_at.timestamp(), now):
            raise Rejected(Rejection.REPLAYED, envelope.event_id)

    def _check_recipient(self, envelope: Envelope) -> None:
        try:
            recipient = decode(envelope.payload, _Addressed).node_id
        except Unreadable as cause:
            raise Rejected(Rejection.FOR_ANOTHER_NODE, envelope.event_id) from cause
        if recipient != self._node_id:
            raise Rejected(Rejection.FOR_ANOTHER_NODE, envelope.event_id)


def _read(data: bytes) -> Envelope:
    try:
        envelope = read_envelope(data)
    except Unreadable as cause:
        raise Rejected(Rejection.MALFORMED) from cause
    if not envelope.is_complete():
        raise Rejected(Rejection.MALFORMED, envelope.event_id)
    return envelope


def _payload(envelope: Envelope) -> Payload:
    try:
        return read_payload(envelope.event_type, envelope.payload)
    except Unreadable as cause:
        raise Rejected(Rejection.UNREADABLE_PAYLOAD, envelope.event_id) from cause
