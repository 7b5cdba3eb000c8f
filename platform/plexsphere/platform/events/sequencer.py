"""The sequencer: gives committed rows their dense offsets (design D17)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.sequencer")

PERIOD_SECONDS: Final = 0.25
BATCH_ROWS: Final = 5_000
BATCH_DOMAINS: Final = 256
# A row that names a node again costs another row of the index: so many octets of names are 65,000 nodes and more.
BATCH_NAMES_OCTETS: Final = 1024 * 1024

# The second statement must see what committed before the heads were locked, so these are two statements: each has
# a snapshot of its own, and the second is taken under the locks.
# Whose row waits longest comes first, so that busy Domains starve nobody. The lock keeps other sequencers out, and
# lets the pruner be.
LOCK_HEADS: Final = """
SELECT event_heads.domain_id FROM event_heads
JOIN (SELECT domain_id, min(id) AS oldest FROM event_inbox GROUP BY domain_id) AS dirty USING (domain_id)
ORDER BY oldest LIMIT %s
FOR NO KEY UPDATE OF event_heads SKIP LOCKED
"""

# What rows name is weighed as it is stored, which reads none of it; the oldest row is taken whatever it names.
NUMBER: Final = """
WITH oldest AS (
    SELECT domain_id, id, coalesce(pg_column_size(recipients), 0) + pg_column_size(reconcile) AS octets
    FROM event_inbox WHERE domain_id = ANY(%(domains)s) ORDER BY id LIMIT %(rows)s
), weighed AS (
    SELECT domain_id, id, sum(octets) OVER so_far AS octets, row_number() OVER so_far AS place
    FROM oldest WINDOW so_far AS (ORDER BY id ROWS UNBOUNDED PRECEDING)
), taken AS (
    DELETE FROM event_inbox WHERE (domain_id, id) IN (
        SELECT domain_id, id FROM weighed WHERE octets <= %(octets)s OR place = 1
    )
    RETURNING domain_id, id, kind, subject, recipients, frames, reconcile, reason, recorded_at
), numbered AS (
    SELECT domain_id, kind, subject, recipients, frames, reconcile, reason, recorded_at,
           next_offset - 1 + row_number() OVER (PARTITION BY domain_id ORDER BY id) AS log_offset
    FROM taken JOIN event_heads USING (domain_id)
), logged AS (
    INSERT INTO event_log (domain_id, log_offset, kind, subject, recipients, frames, reconcile, reason, recorded_at)
    SELECT domain_id, log_offset, kind, subject, recipients, frames, reconcile, reason, recorded_at FROM numbered
), addressed AS (
    INSERT INTO event_recipients (domain_id, recipient, log_offset)
    SELECT DISTINCT domain_id, recipient, log_offset FROM numbered, unnest(recipients || reconcile) AS recipient
), moved AS (
    SELECT domain_id, max(log_offset) AS last, count(*) AS rows FROM numbered GROUP BY domain_id
)
UPDATE event_heads SET next_offset = last + 1
FROM moved WHERE event_heads.domain_id = moved.domain_id
RETURNING rows
"""


@dataclass(frozen=True, slots=True)
class Sequencer:
    """
    Moves rows from the inbox to the log, one batch for all dirty Domains.

    Any number may run at once: a Domain's head row goes to whichever asks first, the others skip it. `seal` seals a
    batch of the audit trail's unchained rows, beside the sequencing and in the same rhythm; `sequenced` is called
    after each batch that moved rows, `measure` with how many it moved.
    """

    database: Database
    seal: Callable[[], Awaitable[int]]
    sequenced: Callable[[], None]
    alarm: Alarm
    measure: Callable[[int], None] = lambda rows: None

    async def run(self) -> None:
        """Sequence until cancelled: when the alarm sounds, and every 250 ms."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sequence_all())
            group.create_task(self._seal_all())

    async def sequence(self, most: int = BATCH_ROWS) -> int:
        """Number one batch, of so many rows at most and fewer where they name many, and return how many it moved."""
        async with self.database(), self.database.connection() as connection:
            heads = await (await connection.execute(LOCK_HEADS, [BATCH_DOMAINS])).fetchall()
            if not heads:
                return 0
            given = {"domains": [head[0] for head in heads], "rows": most, "octets": BATCH_NAMES_OCTETS}
            cursor = await connection.execute(NUMBER, given)
            return sum(row[0] for row in await cursor.fetchall())

    async def _sequence_all(self) -> None:
        most = BATCH_ROWS
        while True:
            try:
                while moved := await self.sequence(most):
                    most = min(2 * most, BATCH_ROWS)
                    self.sequenced()
                    self.measure(moved)
            except StoreUnavailable:
                # A batch that took too long would take too long again.
                most = max(1, most // 2)
                LOG.warning("the database is away or slow; sequencing resumes with up to %d rows", most)
            await self.alarm.rest(PERIOD_SECONDS)

    async def _seal_all(self) -> None:
        while True:
            try:
                while await self.seal():
                    pass
            except StoreUnavailable:
                LOG.warning("the database is away; sealing resumes when it is back")
            await asyncio.sleep(PERIOD_SECONDS)
