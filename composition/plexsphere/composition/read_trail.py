"""Reads that were granted, written down beside the requests (design D33)."""

import asyncio
import logging
from contextlib import suppress
from typing import Final, NoReturn

from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork

LOG: Final = logging.getLogger("plexsphere.audit")

PERIOD_SECONDS: Final = 1.0
MOST_WAITING: Final = 4_096


class ReadTrail:
    """
    Keeps the entries of granted reads and writes them together, once a second.

    A read waits for nothing here and fails by nothing here. Up to 4,096 entries wait while the database is away; what
    comes beyond is left out and its number told in the log. A process that is killed loses those of the last second.
    """

    def __init__(self, unit_of_work: UnitOfWork, trail: AuditTrail) -> None:
        self._unit_of_work: Final = unit_of_work
        self._trail: Final = trail
        self._waiting: list[AuditEntry] = []
        self._left_out = 0

    def note(self, entry: AuditEntry, /) -> None:
        """Keep the entry until it is written, if there is room."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(entry)
        else:
            self._left_out += 1

    async def flush(self) -> None:
        """
        Write down what waits; to be called at the end, too.

        Raises:
            StoreUnavailable: nothing was written; what there is room for waits on.
        """
        entries, self._waiting = self._waiting, []
        self._tell_what_was_left_out()
        try:
            if entries:
                await self._write(entries)
        except BaseException:
            # A cancelled flush has written nothing either.
            self._take_back(entries)
            raise

    async def watch(self) -> NoReturn:
        """Flush every second until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            with suppress(StoreUnavailable):
                await self.flush()

    async def _write(self, entries: list[AuditEntry]) -> None:
        async with self._unit_of_work():
            for entry in entries:
                self._trail.record(entry)

    def _take_back(self, entries: list[AuditEntry]) -> None:
        kept = entries + self._waiting
        self._waiting = kept[:MOST_WAITING]
        self._left_out += len(kept) - len(self._waiting)

    def _tell_what_was_left_out(self) -> None:
        if self._left_out:
            LOG.warning("%d granted reads are not in the audit trail: too many at once", self._left_out)
            self._left_out = 0
