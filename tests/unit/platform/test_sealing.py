"""What is sealed opens in its own place, unaltered, under its own key, and nowhere else."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.platform.kernel.sealing import Binding, SealBroken, Sealer
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.sealing import AesGcmSealer, derive_key

WRAP_KEY = Secret(bytes(range(32)))
BINDING = Binding("node-secret-key", UUID(int=1), UUID(int=2), 3)

bindings = st.builds(
    Binding,
    purpose=st.sampled_from(["node-secret-key", "node-secret", "signing-key", ""]),
    domain_id=st.uuids(),
    row_id=st.uuids(),
    version=st.integers(0, 2**63 - 1),
)


@settings(max_examples=50)
@given(plaintext=st.binary(max_size=200), binding=bindings)
def test_what_was_sealed_opens_for_its_own_binding(plaintext: bytes, binding: Binding) -> None:
    sealer: Sealer = AesGcmSealer(WRAP_KEY)

    assert sealer.open(sealer.seal(Secret(plaintext), binding), binding).reveal() == plaintext


@settings(max_examples=50)
@given(binding=bindings, other=bindings)
def test_it_opens_for_no_other_binding(binding: Binding, other: Binding) -> None:
    sealer = AesGcmSealer(WRAP_KEY)
    sealed = sealer.seal(Secret(b"kept"), binding)

    if other != binding:
        with pytest.raises(SealBroken):
            sealer.open(sealed, other)


@pytest.mark.parametrize(
    "moved",
    [
        replace(BINDING, purpose="signing-key"),
        replace(BINDING, domain_id=BINDING.row_id, row_id=BINDING.domain_id),
        replace(BINDING, domain_id=UUID(int=9)),
        replace(BINDING, row_id=UUID(int=9)),
        replace(BINDING, version=2),
    ],
    ids=["purpose", "domain and row swapped", "domain", "row", "version"],
)
def test_every_part_of_the_binding_counts(moved: Binding) -> None:
    sealer = AesGcmSealer(WRAP_KEY)
    sealed = sealer.seal(Secret(b"kept"), BINDING)

    with pytest.raises(SealBroken):
        sealer.open(sealed, moved)


@settings(max_examples=100)
@given(data=st.data())
def test_one_flipped_bit_breaks_the_seal(data: st.DataObject) -> None:
    sealer = AesGcmSealer(WRAP_KEY)
    sealed = bytearray(sealer.seal(Secret(b"kept"), BINDING))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), BINDING)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27])
def test_bytes_too_short_for_a_seal_are_a_broken_seal(length: int) -> None:
    with pytest.raises(SealBroken):
        AesGcmSealer(WRAP_KEY).open(bytes(length), BINDING)


def test_another_wrap_key_opens_nothing() -> None:
    sealed = AesGcmSealer(WRAP_KEY).seal(Secret(b"kept"), BINDING)

    with pytest.raises(SealBroken):
        AesGcmSealer(Secret(bytes(32))).open(sealed, BINDING)


def test_the_same_value_never_seals_to_the_same_bytes() -> None:
    sealer = AesGcmSealer(WRAP_KEY)

    assert len({sealer.seal(Secret(b"kept"), BINDING) for _ in range(100)}) == 100


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_wrap_key_of_another_size_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AesGcmSealer(Secret(bytes(length)))


def test_each_purpose_has_a_key_of_its_own() -> None:
    cursors, peppers = derive_key(WRAP_KEY, "cursors"), derive_key(WRAP_KEY, "pepper", 64)

    assert (len(cursors.reveal()), len(peppers.reveal())) == (32, 64)
    assert cursors.reveal() != peppers.reveal()[:32]
    assert cursors == derive_key(WRAP_KEY, "cursors")
    assert cursors.reveal() != WRAP_KEY.reveal()
