"""The address range of a Domain's mesh (design D15)."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final, Self

WIDEST: Final = 8
NARROWEST: Final = 29
BRIDGES_FROM: Final = 23


@dataclass(frozen=True, slots=True)
class MeshRange:
    """
    An IPv4 network from /8 to /29 that mesh addresses are taken from.

    The network and broadcast addresses are never handed out; the upper /24 is kept for bridges where the range is at
    least a /23.
    """

    network: IPv4Network

    def __post_init__(self) -> None:
        if not WIDEST <= self.network.prefixlen <= NARROWEST:
            raise ValueError(f"a mesh range is a /{WIDEST} to a /{NARROWEST}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `10.100.0.0/16`.

        Raises:
            ValueError: not IPv4, host bits set, or a size outside the bounds.
        """
        return cls(IPv4Network(text, strict=True))

    def __str__(self) -> str:
        return str(self.network)

    @property
    def node_hosts(self) -> range:
        """Offsets from the network address that nodes may get."""
        return range(1, self.network.num_addresses - (256 if self._keeps_bridges else 1))

    @property
    def bridge_hosts(self) -> range:
        """Offsets from the network address that bridges may get."""
        size = self.network.num_addresses
        return range(size - 256, size - 1) if self._keeps_bridges else self.node_hosts

    @property
    def _keeps_bridges(self) -> bool:
        return self.network.prefixlen <= BRIDGES_FROM


DEFAULT_MESH_RANGE: Final = "10.100.0.0/16"
