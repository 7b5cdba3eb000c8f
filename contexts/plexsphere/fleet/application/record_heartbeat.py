"""Use case: a node says that it lives (plexd.md, Heartbeat; design D2, D28)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plexsphere.fleet.application.heartbeat_book import HeartbeatBook
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.ports.heartbeats import Heartbeat
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, NodeId

SKEW: Final = timedelta(minutes=2)
LONGEST_CHECKSUM: Final = 128


@dataclass(frozen=True, slots=True)
class RecordHeartbeat:
    """Note the heartbeat in memory; nothing is awaited, and the agent's own clock decides nothing."""

    book: HeartbeatBook
    reconciles: ReconcileBook
    clock: Clock

    def __call__(
        self, domain_id: DomainId, node_id: NodeId, timestamp: datetime | None, binary_checksum: str
    ) -> bool:
        """
        Return whether the node is asked to reconcile; `timestamp` None says nothing.

        Raises:
            StoreUnavailable: heartbeats cannot be written, so this one is not counted.
        """
        now, noted_at = self.clock.now(), self.clock.monotonic()
        skewed = timestamp is not None and abs(now - timestamp) > SKEW
        checksum = binary_checksum[:LONGEST_CHECKSUM]
        self.book.note(Heartbeat(domain_id, node_id, now, checksum, skewed, noted_at))
        return self.reconciles.take(node_id)
