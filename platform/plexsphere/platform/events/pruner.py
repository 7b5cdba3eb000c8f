"""The pruner: takes old rows out of the log and remembers whom they concerned (design D23)."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.pruner")

KEPT: Final = timedelta(days=7)
PERIOD_SECONDS: Final = 3600.0
BATCH_ROWS: Final = 1_000
BATCH_NAMES: Final = 50_000

# The oldest row of a Domain is the turn: another pruner passes it over. The share of the head keeps the Domain from
# being closed meanwhile, and does not hinder the sequencer.
CLAIM: Final = """
SELECT event_heads.domain_id, horizon FROM event_heads
JOIN event_log ON event_log.domain_id = event_heads.domain_id AND log_offset = horizon + 1
WHERE recorded_at < now() - %s
LIMIT 1
FOR KEY SHARE OF event_heads SKIP LOCKED
FOR UPDATE OF event_log SKIP LOCKED
"""

# Old is what no younger row precedes: rows that were stored early may be numbered late.
PRUNE: Final = """
WITH oldest AS (
    SELECT log_offset, recorded_at, subject, recipients, reconcile FROM event_log
    WHERE domain_id = %(domain)s AND log_offset > %(horizon)s
    ORDER BY log_offset LIMIT %(rows)s
), weighed AS (
    SELECT log_offset, subject, recipients, reconcile,
           bool_and(recorded_at < now() - %(older_than)s) OVER so_far AS is_old,
           sum(coalesce(cardinality(recipients), 0) + cardinality(reconcile)) OVER so_far AS names
    FROM oldest WINDOW so_far AS (ORDER BY log_offset)
), due AS MATERIALIZED (
    SELECT log_offset, subject, recipients, reconcile FROM weighed
    WHERE is_old AND (names <= %(names)s OR log_offset = %(horizon)s + 1)
), addressed AS MATERIALIZED (
    SELECT addressee, log_offset FROM due, unnest(recipients || reconcile) AS addressee
    UNION
    SELECT subject, log_offset FROM due WHERE recipients IS NULL
), gone AS (
    DELETE FROM event_log USING due
    WHERE event_log.domain_id = %(domain)s AND event_log.log_offset = due.log_offset
), forgotten AS (
    DELETE FROM event_recipients USING addressed
    WHERE domain_id = %(domain)s AND recipient = addressee AND event_recipients.log_offset = addressed.log_offset
), remembered AS (
    INSERT INTO event_pruned (domain_id, addressee, log_offset)
    SELECT %(domain)s, addressee, max(log_offset) FROM addressed GROUP BY addressee
    ON CONFLICT (domain_id, addressee) DO UPDATE SET log_offset = excluded.log_offset
)
UPDATE event_heads SET horizon = (SELECT max(log_offset) FROM due) WHERE domain_id = %(domain)s
RETURNING (SELECT count(*) FROM due)
"""

# A row announced while its Domain was being closed never gets an offset.
SWEEP: Final = """
DELETE FROM event_inbox WHERE (domain_id, id) IN (
    SELECT domain_id, id FROM event_inbox
    WHERE recorded_at < now() - %s AND domain_id NOT IN (SELECT domain_id FROM event_heads)
    LIMIT %s
)
"""


@dataclass(frozen=True, slots=True)
class Pruner:
    """Prunes in small transactions; any number of processes may do it at once."""

    database: Database

    async def run(self) -> None:
        """Prune what is older than 7 days, now and every hour, until cancelled."""
        while True:
            try:
                await self.prune(KEPT)
            except StoreUnavailable:
                LOG.warning("the database is away; pruning waits for another hour")
            await asyncio.sleep(PERIOD_SECONDS)

    async def prune(self, older_than: timedelta) -> int:
        """
        Take every row out of the log that is older, and move each Domain's horizon; return how many rows that were.

        For each node, policy or Domain that a pruned row named or was about, its last such offset is kept: a cursor
        behind the horizon needs a reconciliation only if one of them lies behind the cursor.
        """
        await self._sweep(older_than)
        total = 0
        while (pruned := await self._batch(older_than)) is not None:
            total += pruned
        return total

    async def _batch(self, older_than: timedelta) -> int | None:
        async with self.database(), self.database.connection() as connection:
            claimed = await (await connection.execute(CLAIM, [older_than])).fetchone()
            if claimed is None:
                return None
            given = {"domain": claimed[0], "horizon": claimed[1], "older_than": older_than}
            cursor = await connection.execute(PRUNE, {**given, "rows": BATCH_ROWS, "names": BATCH_NAMES})
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def _sweep(self, older_than: timedelta) -> None:
        async with self.database.connection() as connection:
            await connection.execute(SWEEP, [older_than, BATCH_ROWS])
