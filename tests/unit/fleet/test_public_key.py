"""Public keys that no handshake may use are refused (M10)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey

from plexsphere.fleet.domain.errors import InvalidPublicKey
from plexsphere.fleet.domain.public_key import LOW_ORDER, PRIME, PublicKey


def text_of(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


@given(seed=st.binary(min_size=32, max_size=32))
def test_an_honest_key_is_read_and_printed_as_it_came(seed: bytes) -> None:
    text = text_of(bytes(PrivateKey(seed).public_key))

    assert str(PublicKey.parse(text)) == text


@pytest.mark.parametrize("point", sorted(LOW_ORDER))
@pytest.mark.parametrize("disguise", ["plain", "top bit", "above the prime"])
def test_a_low_order_point_is_refused_in_every_disguise(point: int, disguise: str) -> None:
    """M10: all-zero, and every other point whose shared secret everybody knows."""
    number = {"plain": point, "top bit": point | 1 << 255, "above the prime": point + PRIME}[disguise]
    if number >= 2**256 or (disguise == "above the prime" and number >= 2**255):
        number = point
    with pytest.raises(InvalidPublicKey):
        PublicKey.parse(text_of(number.to_bytes(32, "little")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAAA",
        text_of(bytes(range(31))),
        text_of(bytes(range(33))),
        text_of(bytes(range(32)))[:-1],
        text_of(bytes(range(32))).replace("=", " "),
        text_of(b"\xff" * 30 + b"\xfb\xff").replace("+", "-").replace("/", "_"),
        "é" * 44,
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidPublicKey):
        PublicKey.parse(text)
