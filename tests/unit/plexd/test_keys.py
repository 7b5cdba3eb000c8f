"""Keys: how they are read, what they open, and that none is ever shown."""

import base64
import copy
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from plexd.protocol.keys.base64_key import read_key
from plexd.protocol.keys.errors import BadKeyError, UndecipherableError
from plexd.protocol.keys.key_pair import KeyPair
from plexd.protocol.keys.node_secret_key import NodeSecretKey
from plexd.protocol.masked import Masked
from plexd.protocol.messages.entries import SealedSecret
from plexd.protocol.messages.peers import Peer
from tests.unit.plexd.signing import base64_of

KEY = bytes(range(32))


def sealed(text: bytes, key: bytes = KEY, nonce: bytes = b"n" * 12) -> SealedSecret:
    return SealedSecret("tls-cert", base64_of(AESGCM(key).encrypt(nonce, text, None)), base64_of(nonce))


def test_a_key_pair_is_two_halves_of_one_key() -> None:
    pair = KeyPair.generate()

    private = X25519PrivateKey.from_private_bytes(base64.b64decode(pair.private_key.reveal()))
    assert base64_of(private.public_key().public_bytes_raw()) == pair.public_key
    assert KeyPair.generate().public_key != pair.public_key


@pytest.mark.parametrize("text", ["", "AAAA", base64_of(bytes(31)), base64_of(bytes(33)), "!" * 44, "é" * 44])
def test_what_is_not_base64_of_32_bytes_is_no_key(text: str) -> None:
    with pytest.raises(BadKeyError):
        read_key(text)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_has_one_spelling(key: bytes) -> None:
    text = base64_of(key)
    assert read_key(text) == key

    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = text[:-2] + last[last.index(text[-2]) ^ 1] + "="
    with pytest.raises(BadKeyError):
        read_key(twin)


@given(st.text())
def test_a_secret_sealed_for_the_node_opens(text: str) -> None:
    assert NodeSecretKey(Masked(base64_of(KEY))).open(sealed(text.encode())).reveal() == text


@pytest.mark.parametrize(
    "secret",
    [
        sealed(b"x", key=b"y" * 32),
        SealedSecret("k", sealed(b"x").ciphertext, base64_of(b"m" * 12)),
        SealedSecret("k", "not base64", sealed(b"x").nonce),
        SealedSecret("k", "", base64_of(b"")),
        sealed(b"\xff"),
    ],
)
def test_what_was_not_sealed_for_the_node_stays_shut(secret: SealedSecret) -> None:
    with pytest.raises(UndecipherableError):
        NodeSecretKey(Masked(base64_of(KEY))).open(secret)


def test_a_node_secret_key_is_base64_of_32_bytes() -> None:
    with pytest.raises(BadKeyError):
        NodeSecretKey(Masked("0123456789abcdefghijklmnopqrstuv"))


def test_no_key_shows_in_any_representation() -> None:
    pair, text = KeyPair.generate(), base64_of(KEY)
    peer = Peer("p", "k", "10.100.0.1", psk=Masked(text))

    for shown in (repr(peer), str(peer), f"{peer.psk}", f"{peer.psk:>60}", repr(NodeSecretKey(Masked(text)))):
        assert text not in shown
    assert pair.private_key.reveal() not in repr(pair)


def test_a_masked_text_is_equal_by_value_and_cannot_be_hashed_or_pickled() -> None:
    masked = Masked("a")

    assert masked == Masked("a")
    assert masked != Masked("b")
    assert masked != "a"
    with pytest.raises(TypeError):
        hash(masked)
    for copied in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            copied(masked)
