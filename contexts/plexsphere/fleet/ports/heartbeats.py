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


class Recorded(NamedTuple):
    """Which nodes reported for the first time, and which could not be written, for somebody else writes them."""

    first: Sequence[tuple[DomainId, NodeId]]
    held: frozenset[NodeId] = frozenset()


class HeartbeatRecords(Protocol):
    """Where heartbeats are written."""

    async def record(self, batch: Sequence[Heartbeat], moment: float, /) -> Recorded:
        """
        Write a batch, sorted by Domain and node, in one statement of the open unit of work.

        `moment` is now by the monotonic clock. A node that left is passed over, and one that somebody else holds,
        for whom nobody waits.
        """
        ...
