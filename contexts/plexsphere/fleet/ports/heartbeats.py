"""Heartbeats as they are recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A node lived at `received_at`, by our clock."""

    domain_id: DomainId
    node_id: NodeId
    received_at: datetime
    binary_checksum: str
    clock_skewed: bool


class HeartbeatRecords(Protocol):
    """Where heartbeats are written."""

    async def record(self, batch: Sequence[Heartbeat], /) -> Sequence[tuple[DomainId, NodeId]]:
        """
        Write a batch, sorted by Domain and node, in one statement of the open unit of work.

        Return the nodes whose reachability changed by it. A node that left is passed over.
        """
        ...
