"""Pair keys: derived, so that storage is linear in the nodes (design D13)."""

from binascii import b2a_base64
from hashlib import blake2b
from typing import Final, NamedTuple

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret

LABEL: Final = b"plexsphere psk v1"


class Holder:
    """One end of a pair: a node and its epoch."""

    __slots__ = ("epoch", "epoch_octets", "octets")

    def __init__(self, node_id: NodeId, epoch: int) -> None:
        self.octets: Final = node_id.bytes
        self.epoch: Final = epoch
        self.epoch_octets: Final = epoch.to_bytes(8, "big")


class PairKey(NamedTuple):
    """A pair's 256-bit key in base64, and `<generation>.<epoch(low)>.<epoch(high)>`, which changes with it."""

    key: str
    epoch: str

    def __repr__(self) -> str:
        return f"PairKey({self.epoch})"


class PairKeys:
    """The pair keys of a Domain's generation, derived from its secret base of 32 bytes."""

    def __init__(self, generation: int, base: Secret[bytes]) -> None:
        self.generation: Final = generation
        self._root: Final = blake2b(LABEL, key=base.reveal(), digest_size=32)

    def of(self, one: Holder, other: Holder) -> PairKey:
        """Return the pair's key; the same from both ends."""
        low, high = (one, other) if one.octets < other.octets else (other, one)
        derivation = self._root.copy()
        derivation.update(low.octets + high.octets + low.epoch_octets + high.epoch_octets)
        key = b2a_base64(derivation.digest(), newline=False).decode()
        return PairKey(key, f"{self.generation}.{low.epoch}.{high.epoch}")
