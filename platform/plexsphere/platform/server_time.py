"""Time that is the same in every process (design D2)."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.time")

READ: Final = "SELECT clock_timestamp()"
PERIOD_SECONDS: Final = 3600.0


class ServerTime:
    """
    Answers the port `Clock` with the database's time, carried on by this machine's monotonic clock.

    A machine's wall clock may be wrong, and may step; what several processes sign for one node must not. The time
    told never goes back. Until the database was asked it is the machine's own.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._anchor: tuple[datetime, float] | None = None
        self._latest: datetime | None = None

    def now(self) -> datetime:
        """Return the current instant, never an earlier one than before."""
        if self._anchor is None:
            return self._clock.now()
        at, moment = self._anchor
        now = at + timedelta(seconds=self._clock.monotonic() - moment)
        self._latest = now if self._latest is None else max(self._latest, now)
        return self._latest

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return self._clock.monotonic()

    async def anchor(self) -> None:
        """
        Ask the database what time it is.

        Raises:
            StoreUnavailable: what was known before goes on.
        """
        before = self._clock.monotonic()
        async with self._database.connection() as connection:
            row = await (await connection.execute(READ)).fetchone()
        if row is not None:
            self._anchor = row[0], (before + self._clock.monotonic()) / 2

    async def run(self) -> None:
        """Ask again each hour, so that two clocks never drift far apart, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.anchor()
            except StoreUnavailable:
                LOG.warning("the database is away; its time is carried on")
