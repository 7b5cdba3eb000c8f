"""The clock of ticked time in PostgreSQL."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from plexsphere.fleet.ports.liveness import ClockReading
from plexsphere.platform.db.database import Database

# Longer than any heartbeat interval: after such a pause everybody's age begins anew.
LONGEST_PAUSE_SECONDS: Final = 3601

READ: Final = """
SELECT tick, liveness_clock.beats, holder, liveness_service.beats FROM liveness_clock CROSS JOIN liveness_service
"""
# The pause is written by the very statement that moves the tick: no age is ever computed with the one alone. Of the
# pauses before, those stay that were longer; for every interval the last pause that was too long is found.
ADVANCE: Final = """
WITH advanced AS (
    UPDATE liveness_clock SET tick = tick + %(by)s, beats = beats + 1 WHERE holder = %(holder)s RETURNING tick
), forgotten AS (
    DELETE FROM liveness_pauses WHERE seconds < %(pause)s AND EXISTS (SELECT FROM advanced)
), remembered AS (
    INSERT INTO liveness_pauses (seconds, ended_at_tick)
    SELECT least(%(pause)s::integer, %(longest)s), tick FROM advanced WHERE %(pause)s > 0
    ON CONFLICT (seconds) DO UPDATE SET ended_at_tick = excluded.ended_at_tick
)
SELECT tick FROM advanced
"""
TAKE: Final = """
WITH taken AS (
    UPDATE liveness_clock SET holder = %(holder)s, beats = beats + 1 WHERE beats = %(beats)s RETURNING tick
), forgotten AS (
    DELETE FROM liveness_pauses WHERE seconds < %(longest)s AND EXISTS (SELECT FROM taken)
), remembered AS (
    INSERT INTO liveness_pauses (seconds, ended_at_tick) SELECT %(longest)s, tick FROM taken
    ON CONFLICT (seconds) DO UPDATE SET ended_at_tick = excluded.ended_at_tick
)
SELECT tick FROM taken
"""
SHOW_SERVICE: Final = "UPDATE liveness_service SET beats = beats + 1"


@dataclass(frozen=True, slots=True)
class PostgresLivenessClock:
    """Answers the port `LivenessClock`; each call is one statement."""

    database: Database

    async def read(self) -> ClockReading:
        """Read both rows."""
        return ClockReading(*await self._row(READ, {}))

    async def take(self, holder: UUID, seen_beats: int, /) -> bool:
        """Write the holder where nobody has beaten since."""
        given = {"holder": holder, "beats": seen_beats, "longest": LONGEST_PAUSE_SECONDS}
        return await self._row(TAKE, given) is not None

    async def advance(self, holder: UUID, by_ms: int, pause_seconds: int, /) -> bool:
        """Write tick and pause together, where the holder still is the holder."""
        given = {"holder": holder, "by": by_ms, "pause": pause_seconds, "longest": LONGEST_PAUSE_SECONDS}
        return await self._row(ADVANCE, given) is not None

    async def show_service(self) -> None:
        """Raise the counter."""
        async with self.database.connection() as connection:
            await connection.execute(SHOW_SERVICE)

    async def _row(self, statement: str, given: dict[str, Any]) -> Any:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchone()
