"""What managed push seals opens in its own place, under the keys of the ring, and nowhere else (C20, C34)."""

from typing import Final
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.managed_push.adapters.aes_gcm_sealer import (
    AesGcmSealer,
    Envelope,
    KeyRing,
    Purpose,
    PushSealer,
)
from plexsphere.managed_push.domain.errors import SealerMisconfigured
from plexsphere.managed_push.ports.sealer import Sealer
from plexsphere.platform.kernel.ids import DomainId, PushId
from plexsphere.platform.kernel.sealing import SealBroken
from plexsphere.platform.kernel.secret import Secret

OLD: Final = Secret(b"o" * 32)
NEW: Final = Secret(b"n" * 32)
DOMAIN: Final = DomainId(UUID(int=1))
PUSH: Final = PushId(UUID(int=2))
KUBECONFIG: Final = Secret(b"apiVersion: v1")

documents = st.binary(max_size=200).map(Secret)
keys = st.binary(min_size=32, max_size=32).map(Secret)


@settings(max_examples=50)
@given(kubeconfig=documents, domain=st.uuids().map(DomainId), key=keys)
def test_a_kubeconfig_opens_for_its_domain(
    kubeconfig: Secret[bytes], domain: DomainId, key: Secret[bytes]
) -> None:
    sealer: Sealer = AesGcmSealer(KeyRing(key))

    assert sealer.open(domain, sealer.seal(domain, kubeconfig)) == kubeconfig


def test_the_envelope_is_nonce_ciphertext_and_tag_bound_to_the_domains_sixteen_bytes() -> None:
    sealed = AesGcmSealer(KeyRing(NEW)).seal(DOMAIN, KUBECONFIG)

    assert len(sealed) == 12 + len(KUBECONFIG.reveal()) + 16
    assert AESGCM(NEW.reveal()).decrypt(sealed[:12], sealed[12:], UUID(int=1).bytes) == KUBECONFIG.reveal()


@settings(max_examples=50)
@given(kubeconfig=documents, one=st.uuids().map(DomainId), other=st.uuids().map(DomainId))
def test_a_kubeconfig_opens_under_no_other_domain(
    kubeconfig: Secret[bytes], one: DomainId, other: DomainId
) -> None:
    sealer = AesGcmSealer(KeyRing(NEW))
    sealed = sealer.seal(one, kubeconfig)

    if one != other:
        with pytest.raises(SealBroken):
            sealer.open(other, sealed)


@settings(max_examples=50)
@given(value=documents, purpose=st.sampled_from(Purpose), domain=st.uuids(), push=st.uuids())
def test_a_value_of_a_push_opens_in_its_column_for_its_push(
    value: Secret[bytes], purpose: Purpose, domain: UUID, push: UUID
) -> None:
    sealer = PushSealer(KeyRing(NEW), purpose)
    place = DomainId(domain), PushId(push)

    assert sealer.open(*place, sealer.seal(*place, value)) == value


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("other", Purpose)
def test_a_value_opens_in_no_other_column_and_is_no_kubeconfig(purpose: Purpose, other: Purpose) -> None:
    sealed = PushSealer(KeyRing(NEW), purpose).seal(DOMAIN, PUSH, KUBECONFIG)

    with pytest.raises(SealBroken):
        AesGcmSealer(KeyRing(NEW)).open(DOMAIN, sealed)
    if other is not purpose:
        with pytest.raises(SealBroken):
            PushSealer(KeyRing(NEW), other).open(DOMAIN, PUSH, sealed)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_kubeconfig_opens_in_no_column_of_a_push(purpose: Purpose) -> None:
    sealed = AesGcmSealer(KeyRing(NEW)).seal(DOMAIN, KUBECONFIG)

    with pytest.raises(SealBroken):
        PushSealer(KeyRing(NEW), purpose).open(DOMAIN, PUSH, sealed)


@pytest.mark.parametrize(
    "place",
    [
        (DomainId(UUID(int=3)), PUSH),
        (DOMAIN, PushId(UUID(int=3))),
        (DomainId(PUSH), PushId(DOMAIN)),
    ],
    ids=["Domain", "push", "one for the other"],
)
def test_a_value_of_a_push_opens_for_no_other(place: tuple[DomainId, PushId]) -> None:
    sealer = PushSealer(KeyRing(NEW), Purpose.PRIOR_STATE)
    sealed = sealer.seal(DOMAIN, PUSH, KUBECONFIG)

    with pytest.raises(SealBroken):
        sealer.open(*place, sealed)


@settings(max_examples=100)
@given(data=st.data())
def test_one_flipped_bit_breaks_the_seal(data: st.DataObject) -> None:
    envelope = Envelope(KeyRing(NEW, OLD))
    sealed = bytearray(envelope.seal(KUBECONFIG, b"bound"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBroken):
        envelope.open(bytes(sealed), b"bound")


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27])
def test_bytes_too_short_for_a_seal_are_a_broken_seal(length: int) -> None:
    with pytest.raises(SealBroken):
        AesGcmSealer(KeyRing(NEW)).open(DOMAIN, bytes(length))


def test_the_current_key_seals_and_the_previous_one_still_opens() -> None:
    former, rotated = AesGcmSealer(KeyRing(OLD)), AesGcmSealer(KeyRing(NEW, OLD))
    before, after = former.seal(DOMAIN, KUBECONFIG), rotated.seal(DOMAIN, KUBECONFIG)

    assert rotated.open(DOMAIN, before) == rotated.open(DOMAIN, after) == KUBECONFIG
    with pytest.raises(SealBroken):
        former.open(DOMAIN, after)
    with pytest.raises(SealBroken):
        AesGcmSealer(KeyRing(NEW)).open(DOMAIN, before)


@pytest.mark.parametrize("purpose", Purpose)
def test_the_columns_of_a_push_have_the_ring_as_well(purpose: Purpose) -> None:
    before = PushSealer(KeyRing(OLD), purpose).seal(DOMAIN, PUSH, KUBECONFIG)

    assert PushSealer(KeyRing(NEW, OLD), purpose).open(DOMAIN, PUSH, before) == KUBECONFIG
    with pytest.raises(SealBroken):
        PushSealer(KeyRing(NEW), purpose).open(DOMAIN, PUSH, before)


def test_what_is_renewed_opens_without_the_previous_key_and_is_renewed_once() -> None:
    rotated = Envelope(KeyRing(NEW, OLD))
    renewed = rotated.renewed(Envelope(KeyRing(OLD)).seal(KUBECONFIG, b"bound"), b"bound")

    assert renewed is not None
    assert Envelope(KeyRing(NEW)).open(renewed, b"bound") == KUBECONFIG
    assert rotated.renewed(renewed, b"bound") is None


def test_what_nobody_can_open_is_not_renewed() -> None:
    with pytest.raises(SealBroken):
        Envelope(KeyRing(NEW, OLD)).renewed(bytes(28), b"bound")


def test_the_same_value_never_seals_to_the_same_bytes() -> None:
    sealer = AesGcmSealer(KeyRing(NEW))

    assert len({sealer.seal(DOMAIN, KUBECONFIG)[:12] for _ in range(100)}) == 100


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_size_makes_no_ring(length: int) -> None:
    """C34: a mis-sized key is refused before anything is sealed, and nothing of it is told."""
    with pytest.raises(SealerMisconfigured) as refused:
        KeyRing(Secret(b"k" * length))
    with pytest.raises(SealerMisconfigured):
        KeyRing(NEW, Secret(b"k" * length))

    assert "k" * 16 not in repr(refused.value)


def test_a_ring_shows_no_key() -> None:
    assert repr(KeyRing(NEW, OLD)) == "KeyRing(current=Secret(********), previous=Secret(********))"
