"""Heartbeats as they are recorded."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


class Heartbeat(NamedTuple):
    """A node lived at `received_at`, by our clock, when the process's monotonic clock showed `noted_at`."""

    domain_id: DomainId
    node_id: NodeId
    received_at: datetime
    binary_checksum: str
    clock_skewed: bool
    noted_at: float

    def waited_ms(self, moment: float) -> int:
        """Return for how long it waited until a later moment of the monotonic clock."""
        return max(0, int((moment - self.noted_at) * 1000))


class ToldChecksum(NamedTuple):
    """A node told a checksum of its binary that is another than the one that is kept."""

    domain_id: DomainId
    node_id: NodeId
    checksum: str


class Recorded(NamedTuple):
    """
    Which nodes reported for the first time, and which could not be written, for somebody else writes them.

    `told` are the checksums that differ from those that are kept, which only `keep_checksums` replaces: what nobody
    has heard of yet is told again by the next heartbeat.
    """

    first: Sequence[tuple[DomainId, NodeId]]
    held: frozenset[NodeId] = frozenset()
    told: Sequence[ToldChecksum] = ()


class HeartbeatRecords(Protocol):
    """Where heartbeats are written."""

    async def record(self, batch: Sequence[Heartbeat], moment: float, /) -> Recorded:
        """
        Write a batch, sorted by Domain and node, in one statement of the open unit of work.

        `moment` is now by the monotonic clock. A node that left is passed over, and one that somebody else holds,
        for whom nobody waits.
        """
        ...

    async def keep_checksums(self, told: Sequence[ToldChecksum], /) -> None:
        """Keep the checksums, in one statement of the open unit of work that passes over whoever is held."""
        ...
