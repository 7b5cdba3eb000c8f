"""Pair keys: derived, equal on both ends, fresh when an epoch moves (design D13)."""

import base64
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.domain.pair_key import Holder, PairKeys
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret

nodes = st.uuids(version=4).map(NodeId)
epochs = st.integers(1, 2**40)
bases = st.binary(min_size=32, max_size=32).map(Secret)


@given(base=bases, one=nodes, other=nodes, epoch=epochs, other_epoch=epochs)
def test_both_ends_of_a_pair_derive_the_same_key(
    base: Secret[bytes], one: NodeId, other: NodeId, epoch: int, other_epoch: int
) -> None:
    keys, here, there = PairKeys(1, base), Holder(one, epoch), Holder(other, other_epoch)

    assert keys.of(here, there) == keys.of(there, here)
    assert len(base64.b64decode(keys.of(here, there).key)) == 32


@given(base=bases, one=nodes, other=nodes, epoch=epochs)
def test_a_moved_epoch_makes_the_key_fresh_and_shows_in_the_pair_epoch(
    base: Secret[bytes], one: NodeId, other: NodeId, epoch: int
) -> None:
    keys, there = PairKeys(1, base), Holder(other, 1)

    before, after = keys.of(Holder(one, epoch), there), keys.of(Holder(one, epoch + 1), there)

    assert before.key != after.key
    assert before.epoch != after.epoch


def test_the_pair_epoch_names_generation_low_and_high() -> None:
    low, high = NodeId(UUID(int=1)), NodeId(UUID(int=2))

    assert PairKeys(3, Secret(bytes(32))).of(Holder(high, 9), Holder(low, 4)).epoch == "3.4.9"


def test_another_base_gives_other_keys_and_a_printed_key_shows_nothing() -> None:
    one, other = Holder(NodeId(UUID(int=1)), 1), Holder(NodeId(UUID(int=2)), 1)
    here = PairKeys(1, Secret(bytes(32))).of(one, other)

    assert here.key != PairKeys(1, Secret(b"\x01" * 32)).of(one, other).key
    assert here.key not in repr(here)
