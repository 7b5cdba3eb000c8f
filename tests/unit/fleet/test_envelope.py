"""The envelope that agents verify (design D20 to D22)."""

import base64
import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from plexsphere.fleet.domain.envelope import LONGEST_LINE, Place, frame, signed_bytes
from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.ids import NodeId

KEY = SigningKey(bytes(range(32)))
AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
NODE = NodeId(UUID("0190f3a0-0000-7000-8000-000000000001"))
PLACE = Place(7, 2, NODE)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def sign(octets: bytes) -> bytes:
    return KEY.sign(octets).signature


def data_of(sent: bytes) -> bytes:
    return b"".join(line[6:] for line in sent.split(b"\n") if line.startswith(b"data: "))


def test_the_signed_bytes_and_the_signature_are_those_of_the_published_vector() -> None:
    payload = wire_json({"peer_id": "n_2", "id": "n_2", "note": "a<b>&c é"})

    octets = signed_bytes("peer_added", "evt_0001", AT, "bm9uY2UtMDAwMQ", payload)

    assert len(octets) == 186
    assert sha256(octets).hexdigest() == "8c156fe2e6dee25ee82c8848458fa108b17f8b2fa4173ba7e0bce570440f716d"
    assert base64.b64encode(sign(octets)).decode() == (
        "DdyHht5KSCRcNAt1F5r+iGebTvQMK4vCYltX9nN4YPHRTX/4EOQMer/CK9zvp4r20Kw3axpCQKWzBI6EWWYJCw=="
    )


@given(payload=json_values)
def test_every_frame_verifies_over_the_very_text_that_was_sent(payload: object) -> None:
    """C22: exactly six fields, and the signature is over the sent text without its last one."""
    envelope = data_of(frame(EventType.PEER_ADDED, PLACE, wire_json(payload), AT, sign))

    text, _, tail = envelope.rpartition(b',"signature":"')
    KEY.verify_key.verify(text + b"}", base64.b64decode(tail.removesuffix(b'"}'), validate=True))
    document = json.loads(envelope)
    assert list(document) == ["event_type", "event_id", "issued_at", "nonce", "payload", "signature"]
    assert document["payload"] == payload
    assert envelope.isascii()
    assert not set(envelope) & set(b"<>&\n\r")


def test_the_id_line_names_row_and_place_and_the_block_ends_with_a_blank_line() -> None:
    sent = frame(EventType.PEER_REMOVED, PLACE, "{}", AT, sign)

    assert sent.startswith(b"id: 7.2\nevent: peer_removed\ndata: {")
    assert sent.endswith(b"}\n\n")
    assert sent.count(b"\n\n") == 1


def test_event_id_and_nonce_stay_the_same_over_redelivery_and_differ_by_place_and_recipient() -> None:
    """C26: what is sent again is known again."""
    again, elsewhere = Place(7, 2, NODE), Place(7, 3, NODE)
    other = Place(7, 2, NodeId(UUID(int=NODE.int + 1)))

    assert (again.event_id, again.nonce) == (PLACE.event_id, PLACE.nonce)
    assert len({PLACE.nonce, elsewhere.nonce, other.nonce}) == 3
    assert len({PLACE.event_id, elsewhere.event_id, other.event_id}) == 3


def test_a_long_event_is_cut_between_tokens_into_lines_that_readers_take() -> None:
    payload = {"policies": [{"id": f"policy {number}", "note": 'a "quoted", text'} for number in range(4000)]}

    sent = frame(EventType.POLICY_UPDATED, PLACE, wire_json(payload), AT, sign)

    lines = [line for line in sent.split(b"\n") if line.startswith(b"data: ")]
    assert len(lines) > 1
    assert max(map(len, lines)) <= LONGEST_LINE + len("data: ")
    assert json.loads(b"\n".join(line[6:] for line in lines))["payload"] == payload
    text, _, tail = data_of(sent).rpartition(b',"signature":"')
    KEY.verify_key.verify(text + b"}", base64.b64decode(tail.removesuffix(b'"}')))
