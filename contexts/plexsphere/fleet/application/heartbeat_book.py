"""Heartbeats of the last moment, kept in memory and written in sorted batches (design D28)."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final

from plexsphere.fleet.ports.binary_watch import BinaryWatch
from plexsphere.fleet.ports.heartbeats import Heartbeat, HeartbeatRecords, ToldChecksum
from plexsphere.fleet.ports.liveness import LivenessClock
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.events import Announcement, Announcements, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork

LOG: Final = logging.getLogger("plexsphere.heartbeats")

PERIOD_SECONDS: Final = 1.0
BATCH: Final = 2_000
# Another process may tick on while this one cannot write: its agents must not believe that they were heard.
LONGEST_UNWRITTEN_SECONDS: Final = 5.0


class HeartbeatBook:
    """
    The newest heartbeat of each node that is not written yet; at most one for each, however many arrive.

    Once writing has failed, or hung, for 5 s, no more are taken, so that agents turn to another process.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        records: HeartbeatRecords,
        announcements: Announcements,
        liveness_clock: LivenessClock,
        binaries: BinaryWatch,
        clock: Clock,
    ) -> None:
        self._unit_of_work: Final = unit_of_work
        self._records: Final = records
        self._announcements: Final = announcements
        self._liveness_clock: Final = liveness_clock
        self._binaries: Final = binaries
        self._clock: Final = clock
        self._unwritten: Final[dict[NodeId, Heartbeat]] = {}
        self._writing_since: float | None = None
        self.received = 0
        self.written = 0

    @property
    def waiting(self) -> int:
        """Return how many nodes have a heartbeat that is not written yet."""
        return len(self._unwritten)

    def note(self, heartbeat: Heartbeat) -> None:
        """
        Keep the heartbeat until it is written; one that tells no checksum keeps that of the one it replaces.

        Raises:
            StoreUnavailable: nothing could be written for 5 s.
        """
        since = self._writing_since
        if since is not None and heartbeat.noted_at - since > LONGEST_UNWRITTEN_SECONDS:
            raise StoreUnavailable
        self.received += 1
        older = self._unwritten.get(heartbeat.node_id)
        if older is not None and older.binary_checksum and not heartbeat.binary_checksum:
            heartbeat = heartbeat._replace(binary_checksum=older.binary_checksum)
        self._unwritten[heartbeat.node_id] = heartbeat

    async def flush(self) -> None:
        """
        Write everything noted so far, and let the ticker know that heartbeats are recorded here.

        A node that somebody else holds at this moment is written with the next turn.

        Raises:
            StoreUnavailable: what was not written is still noted.
        """
        if self._writing_since is None:
            self._writing_since = self._clock.monotonic()
        # Ids are compared in Python, numbers are not.
        waiting = sorted(self._unwritten.values(), key=lambda each: (each.domain_id.int, each.node_id.int))
        told: list[ToldChecksum] = []
        for start in range(0, len(waiting), BATCH):
            told += await self._write(waiting[start : start + BATCH])
        await self._liveness_clock.show_service()
        self._writing_since = None
        # Behind the heartbeats and apart from them: what binaries are judged to be keeps nobody from being alive.
        for start in range(0, len(told), BATCH):
            await self._hand_on(told[start : start + BATCH])

    async def run(self) -> None:
        """Write once a second until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.flush()
            except StoreUnavailable:
                LOG.warning("the database is away; %d heartbeats wait", len(self._unwritten))

    async def _write(self, batch: list[Heartbeat]) -> Sequence[ToldChecksum]:
        async with self._unit_of_work():
            first, held, told = await self._records.record(batch, self._clock.monotonic())
            self._announcements.announce(_rows(first))
        self.written += len(batch) - len(held)
        for heartbeat in batch:
            if heartbeat.node_id not in held and self._unwritten.get(heartbeat.node_id) is heartbeat:
                del self._unwritten[heartbeat.node_id]
        return told

    async def _hand_on(self, told: Sequence[ToldChecksum]) -> None:
        async with self._unit_of_work():
            held = await self._binaries.hear(told)
            await self._records.keep_checksums([each for each in told if each.node_id not in held])


def _rows(first: Iterable[tuple[DomainId, NodeId]]) -> list[Announcement]:
    # Nobody is told; a row without frames lets every process read the node's reachability again.
    return [Announcement(domain_id, SubjectKind.NODE, node_id) for domain_id, node_id in first]
