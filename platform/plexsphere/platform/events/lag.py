"""How far the log is behind what was committed, and what the database's clock says (design D17)."""

import asyncio
import logging
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.sequencer")

PERIOD_SECONDS: Final = 1.0

ASK: Final = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::float8,
       extract(epoch FROM clock_timestamp())::float8
FROM event_inbox
"""


class SequencerLag:
    """
    What waited for its offset when the database was asked last: so many rows, the oldest for so many seconds.

    They wait no longer than a moment while any process sequences, and ever longer while none does.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._database_ahead: float | None = None
        self.rows = 0
        self.oldest_seconds = 0.0

    def database_time(self) -> float | None:
        """
        Return what the database's clock shows now, in seconds since 1970; None before it was first asked.

        It is wrong by half of a round trip at most, and by what the two clocks drift apart within a second.
        """
        return None if self._database_ahead is None else self._clock.monotonic() + self._database_ahead

    async def ask(self) -> None:
        """
        Ask the database.

        Raises:
            StoreUnavailable: what is known stays what it was.
        """
        async with self._database.connection() as connection:
            began = self._clock.monotonic()
            row = await (await connection.execute(ASK)).fetchone()
            ended = self._clock.monotonic()
        if row is not None:
            self.rows, self.oldest_seconds, now = row
            self._database_ahead = now - (began + ended) / 2

    async def watch(self) -> None:
        """Ask every second until cancelled."""
        while True:
            try:
                await self.ask()
            except StoreUnavailable:
                LOG.warning("the database is away; how long events wait is not known meanwhile")
            await asyncio.sleep(PERIOD_SECONDS)
