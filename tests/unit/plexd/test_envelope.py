"""Signed events: the published recipe, every check in its order, and every mutation refused."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from plexd.protocol.events.canonical import signed_bytes
from plexd.protocol.events.envelope import read_envelope
from plexd.protocol.events.payloads import PeerRemoved, SigningKeyRotated
from plexd.protocol.events.verification import Event, Rejected, Rejection, Verifier
from plexd.protocol.keys.base64_key import read_base64
from plexd.protocol.keys.signing_keys import SigningKeys
from tests.unit.plexd.signing import Pen, base64_of, instant_text
from tests.unit.plexd.virtual_timing import NOON, VirtualClock

NODE = "0198c0de-0000-7000-8000-000000000001"
PEN = Pen(1)

VECTOR = (
    rb'{"event_type":"peer_added","event_id":"evt_0001","issued_at":"2025-01-15T10:30:00Z",'
    rb'"nonce":"bm9uY2UtMDAwMQ","payload":{"peer_id":"n_2","id":"n_2",'
    rb'"note":"a\u003cb\u003e\u0026c \u00e9"}}'
)
VECTOR_SIGNATURE = "DdyHht5KSCRcNAt1F5r+iGebTvQMK4vCYltX9nN4YPHRTX/4EOQMer/CK9zvp4r20Kw3axpCQKWzBI6EWWYJCw=="


def verifier(
    clock: VirtualClock | None = None, keys: SigningKeys | None = None, node: str = NODE
) -> Verifier:
    return Verifier(node, keys or SigningKeys.registered(PEN.public_key), clock or VirtualClock())


def envelope(
    payload: Any = None,
    *,
    nonce: str = "n1",
    age: timedelta = timedelta(),
    pen: Pen = PEN,
    kind: str = "peer_removed",
) -> bytes:
    told = {"node_id": NODE, "peer_id": "p1"} if payload is None else payload
    return pen.sign(kind, "evt_1", instant_text(NOON - age), nonce, told)


def reason(check: Verifier, data: bytes) -> Rejection:
    with pytest.raises(Rejected) as refusal:
        check.verify(data)
    return refusal.value.reason


def test_the_published_vector_signs_to_the_published_bytes() -> None:
    payload = rb'{"peer_id":"n_2","id":"n_2","note":"a\u003cb\u003e\u0026c \u00e9"}'
    signed = signed_bytes("peer_added", "evt_0001", "2025-01-15T10:30:00Z", "bm9uY2UtMDAwMQ", payload)

    assert signed == VECTOR
    assert len(signed) == 186
    assert (
        hashlib.sha256(signed).hexdigest()
        == "8c156fe2e6dee25ee82c8848458fa108b17f8b2fa4173ba7e0bce570440f716d"
    )
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert base64_of(key.sign(signed)) == VECTOR_SIGNATURE
    trusted = SigningKeys.registered("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
    assert trusted.verify(read_base64(VECTOR_SIGNATURE), signed, NOON)


def test_the_published_vector_verifies_in_any_key_order_and_spacing() -> None:
    """Raw `<`, `>`, `&` and whitespace between tokens are rewritten before the signature is checked."""
    wire = (
        '{ "signature" : "'
        + VECTOR_SIGNATURE
        + '", "extra": [1],\n "payload" : {"peer_id": "n_2",\t"id":"n_2",'
        ' "note" : "a<b>&c \\u00e9"} ,"nonce":"bm9uY2UtMDAwMQ","issued_at":"2025-01-15T10:30:00.000Z",\r'
        '"event_id":"evt_0001","event_type":"peer_added"}'
    ).encode()

    assert read_envelope(wire).signed_bytes() == VECTOR


def test_line_feeds_between_data_lines_are_no_part_of_the_text() -> None:
    data = envelope()
    for cut in range(len(data)):
        assert verifier().verify(data[:cut] + b"\n" + data[cut:]).event_id == "evt_1"


def test_line_separators_are_escaped_as_they_are_signed() -> None:
    signed = signed_bytes("t", "e\u2028", "2025-01-15T10:30:00Z", "n", '{ "a": "\u2029 \\" <" }'.encode())

    assert b'"event_id":"e\\u2028"' in signed
    assert signed.endswith(b'"payload":{"a":"\\u2029 \\" \\u003c"}}')


def test_a_good_event_is_believed() -> None:
    assert verifier().verify(envelope()) == Event("peer_removed", "evt_1", NOON, PeerRemoved(peer_id="p1"))


def test_an_event_of_an_unknown_type_is_believed_and_says_nothing() -> None:
    assert verifier().verify(envelope(kind="moon_phase")).event_type == "moon_phase"


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"{", b"\xff", b"[" * 50_000, b'{"event_type":"x"}', envelope(nonce=""), b'"\\ud800"'],
)
def test_what_is_no_envelope_is_malformed(data: bytes) -> None:
    assert reason(verifier(), data) is Rejection.MALFORMED


def test_a_strange_key_convinces_nobody() -> None:
    assert reason(verifier(), envelope(pen=Pen(2))) is Rejection.BAD_SIGNATURE


@pytest.mark.parametrize(
    "change", [lambda s: s.rstrip("="), lambda s: s.replace("+", "-").replace("/", "_") + "-"]
)
def test_a_signature_has_one_spelling(change: Any) -> None:
    wire = json.loads(envelope())
    wire["signature"] = change(wire["signature"])
    assert reason(verifier(), json.dumps(wire).encode()) is Rejection.MALFORMED


def test_an_event_is_fresh_for_five_minutes_in_either_direction() -> None:
    edge, beyond = timedelta(minutes=5), timedelta(minutes=5, seconds=1)

    assert verifier().verify(envelope(age=edge)).event_id == "evt_1"
    assert verifier().verify(envelope(age=-edge)).event_id == "evt_1"
    assert reason(verifier(), envelope(age=beyond)) is Rejection.STALE
    assert reason(verifier(), envelope(age=-beyond)) is Rejection.AHEAD_OF_TIME


def test_a_nonce_is_good_once_however_fresh_its_event_is() -> None:
    """C23: the same event delivered twice acts once."""
    check = verifier()
    check.verify(envelope())

    assert reason(check, envelope()) is Rejection.REPLAYED
    assert reason(check, envelope(age=timedelta(seconds=-30))) is Rejection.REPLAYED


def test_an_event_for_another_node_is_refused() -> None:
    """C23: an event that was signed for one node is worth nothing to another."""
    assert reason(verifier(node="somebody-else"), envelope()) is Rejection.FOR_ANOTHER_NODE


@pytest.mark.parametrize("payload", [{}, [], "x", 7, {"node_id": None}, {"node_id": 3}])
def test_an_event_for_nobody_is_refused(payload: Any) -> None:
    assert reason(verifier(), envelope(payload)) is Rejection.FOR_ANOTHER_NODE


def test_a_payload_of_the_wrong_shape_is_refused_last() -> None:
    payload = {"node_id": NODE, "metadata": {"a": 1}}
    assert reason(verifier(), envelope(payload, kind="node_state_updated")) is Rejection.UNREADABLE_PAYLOAD


def test_the_signature_is_checked_before_the_age_and_the_age_before_the_nonce() -> None:
    check = verifier(VirtualClock(NOON + timedelta(hours=1)))

    assert reason(check, envelope(pen=Pen(2))) is Rejection.BAD_SIGNATURE
    assert reason(check, envelope()) is Rejection.STALE


def test_a_stale_or_forged_event_uses_up_no_nonce() -> None:
    check = verifier()

    assert reason(check, envelope(pen=Pen(2))) is Rejection.BAD_SIGNATURE
    assert reason(check, envelope(age=timedelta(hours=1))) is Rejection.STALE
    assert check.verify(envelope()).event_id == "evt_1"


def test_the_previous_key_counts_until_its_transition_expires() -> None:
    clock = VirtualClock()
    keys = SigningKeys(
        read_base64(Pen(2).public_key), read_base64(PEN.public_key), NOON + timedelta(seconds=10)
    )
    check = verifier(clock, keys)

    assert check.verify(envelope(nonce="a")).event_id == "evt_1"
    assert check.verify(envelope(nonce="b", pen=Pen(2))).event_id == "evt_1"
    clock.advance(10)
    assert reason(check, envelope(nonce="c")) is Rejection.BAD_SIGNATURE
    assert check.verify(envelope(nonce="d", pen=Pen(2))).event_id == "evt_1"


def test_a_previous_key_without_an_end_counts_for_nothing() -> None:
    keys = SigningKeys(read_base64(Pen(2).public_key), read_base64(PEN.public_key))
    assert reason(verifier(keys=keys), envelope()) is Rejection.BAD_SIGNATURE


@pytest.mark.parametrize(
    "told",
    [
        {"current": "new", "previous": "old", "transition_expires": "2026-03-02T12:00:00Z"},
        {"new_signing_public_key": "new", "valid_from": "2026-03-01T12:00:00Z", "transition_period": "24h"},
    ],
)
def test_a_key_rotation_reads_the_same_in_both_vocabularies(told: dict[str, str]) -> None:
    event = verifier().verify(envelope({"node_id": NODE, **told}, kind="signing_key_rotated"))

    assert isinstance(event.payload, SigningKeyRotated)
    keys = event.payload.published("old")
    assert (keys.current, keys.previous) == ("new", "old")
    assert keys.transition_expires == NOON + timedelta(days=1)


@settings(max_examples=300)
@given(st.data())
def test_no_flipped_bit_passes(data: st.DataObject) -> None:
    """C22: any single bit changed on the wire, anywhere in the envelope, and it is refused."""
    wire = bytearray(envelope({"node_id": NODE, "peer_id": "p1", "note": "a<b> é 1e9 \\"}))
    position = data.draw(st.integers(0, len(wire) - 1))
    wire[position] ^= 1 << data.draw(st.integers(0, 7))

    reason(verifier(), bytes(wire))


def test_no_flipped_bit_of_the_signature_passes() -> None:
    """C22: the last character of the signature carries four bits that mean nothing; they must be zero all the same."""
    wire = envelope()
    for position in range(wire.index(b'"signature"'), len(wire)):
        for bit in range(8):
            changed = bytearray(wire)
            changed[position] ^= 1 << bit
            reason(verifier(), bytes(changed))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_payload_verifies_however_it_is_spaced(payload: Any, indent: Any, ascii_only: bool) -> None:
    """C22: floats, astral characters and escapes survive; only whitespace between tokens is free."""
    told = {**payload, "node_id": NODE}
    compact = json.dumps(told, separators=(",", ":"), ensure_ascii=ascii_only)
    for raw, escape in {
        "&": "\\u0026",
        "<": "\\u003c",
        ">": "\\u003e",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }.items():
        compact = compact.replace(raw, escape)
    signed = json.loads(
        PEN.sign_text(
            f'{{"event_type":"x","event_id":"e","issued_at":"{instant_text(NOON)}","nonce":"n","payload":{compact}}}'
        )
    )
    wire = {"signature": signed["signature"], **signed, "payload": told}
    spaced = json.dumps(wire, indent=indent, ensure_ascii=ascii_only)

    assert verifier().verify(spaced.encode()).event_id == "e"


def test_issued_at_is_an_instant_with_an_offset() -> None:
    for text in [
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        "2026-13-01T12:00:00Z",
        "٢026-03-01T12:00:00Z",
    ]:
        assert reason(verifier(), PEN.sign("x", "e", text, "n", {"node_id": NODE})) is Rejection.MALFORMED
    assert isinstance(verifier().verify(envelope()).issued_at, datetime)
