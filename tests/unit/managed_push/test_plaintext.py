"""A word is found whatever it is written in, and whatever stands around it."""

import base64
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.plaintext import forms

WORD: Final = "kubeconfig of?>~ 1"
ENCODERS: Final[dict[str, Callable[[bytes], str]]] = {
    "raw": lambda octets: octets.decode("latin-1"),
    "hexadecimal": bytes.hex,
    "URL": lambda octets: quote(octets),
    "base64": lambda octets: base64.b64encode(octets).decode(),
    "base64url": lambda octets: base64.urlsafe_b64encode(octets).decode(),
}


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
@given(before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_a_word_is_found_in_every_form(encode: Callable[[bytes], str], before: bytes, after: bytes) -> None:
    text = encode(before + WORD.encode() + after)

    assert any(form in text for form in forms(WORD))


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
def test_another_word_is_not(encode: Callable[[bytes], str]) -> None:
    assert not any(form in encode(b"kubeconfig 2 of") for form in forms(WORD))
