"""Who judges the binaries that nodes run."""

from collections.abc import Sequence
from typing import Protocol

from plexsphere.fleet.ports.heartbeats import ToldChecksum
from plexsphere.platform.kernel.ids import NodeId


class BinaryWatch(Protocol):
    """Hears of checksums that are others than before."""

    async def hear(self, told: Sequence[ToldChecksum], /) -> frozenset[NodeId]:
        """
        Take the checksums, within the open unit of work and without waiting for anybody.

        Returns the nodes that it has to be told of again.
        """
        ...
