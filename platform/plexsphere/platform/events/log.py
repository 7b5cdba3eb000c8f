"""The log as followers read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.platform.db.database import Database
from plexsphere.platform.events.rows import Row, row_of
from plexsphere.platform.kernel.ids import DomainId, NodeId

COLUMNS: Final = "log_offset, kind, subject, recipients, frames, reconcile, reason, recorded_at"

OPEN: Final = "INSERT INTO event_heads (domain_id) VALUES (%s)"
# The sequencer may be at work on the Domain. Only what runs under the head's lock sees everything it has written.
LOCK: Final = "SELECT FROM event_heads WHERE domain_id = %s FOR UPDATE"
CLOSE: Final = """
WITH heads AS (DELETE FROM event_heads WHERE domain_id = %(domain)s),
    inbox AS (DELETE FROM event_inbox WHERE domain_id = %(domain)s),
    recipients AS (DELETE FROM event_recipients WHERE domain_id = %(domain)s),
    pruned AS (DELETE FROM event_pruned WHERE domain_id = %(domain)s)
DELETE FROM event_log WHERE domain_id = %(domain)s
"""
HEADS: Final = "SELECT domain_id, next_offset - 1 FROM event_heads WHERE domain_id = ANY(%s)"
# A few hundred rows of a large Domain may name millions of nodes; what they name is weighed as it is stored.
NAMES_OCTETS: Final = 512 * 1024
AFTER: Final = f"""
SELECT {COLUMNS} FROM (
    SELECT {COLUMNS}, sum(coalesce(pg_column_size(recipients), 0) + pg_column_size(reconcile))
        OVER (ORDER BY log_offset) AS octets
    FROM event_log WHERE domain_id = %(domain)s AND log_offset > %(behind)s ORDER BY log_offset LIMIT %(rows)s
) AS next WHERE octets <= %(octets)s OR log_offset = %(behind)s + 1 ORDER BY log_offset
"""  # noqa: S608  # the columns are a constant of this module
# What the rows name counts from the newest one on: a row that names thousands ends the reading sooner.
LATEST: Final = f"""
SELECT {COLUMNS} FROM (
    SELECT {COLUMNS}, sum(coalesce(cardinality(recipients), 0) + cardinality(reconcile))
        OVER (ORDER BY log_offset DESC) AS names
    FROM event_log WHERE domain_id = %s AND log_offset <= %s ORDER BY log_offset DESC LIMIT %s
) AS latest WHERE names <= %s ORDER BY log_offset DESC
"""  # noqa: S608  # the columns are a constant of this module
# A row may name ten thousand nodes; whoever replays it for one of them learns of that one alone.
ADDRESSED: Final = """
SELECT log_offset, kind, subject,
       CASE WHEN %(node)s = ANY(recipients) THEN ARRAY[%(node)s]::uuid[]
            WHEN recipients IS NOT NULL THEN '{}' END,
       frames,
       CASE WHEN %(node)s = ANY(reconcile) THEN ARRAY[%(node)s]::uuid[] ELSE '{}' END,
       reason, recorded_at
FROM event_log WHERE domain_id = %(domain)s AND log_offset IN (
    SELECT log_offset FROM event_recipients
    WHERE domain_id = %(domain)s AND recipient = %(node)s AND log_offset > %(after)s AND log_offset <= %(upto)s
    UNION
    SELECT log_offset FROM event_log
    WHERE domain_id = %(domain)s AND subject = ANY(%(subjects)s) AND recipients IS NULL
      AND log_offset > %(after)s AND log_offset <= %(upto)s
    ORDER BY log_offset LIMIT %(most)s
) ORDER BY log_offset
"""
PRUNED_SINCE: Final = """
SELECT EXISTS (
    SELECT FROM event_pruned WHERE domain_id = %s AND addressee = ANY(%s) AND log_offset > %s
)
"""
FORGET: Final = """
DELETE FROM event_pruned USING unnest(%s::uuid[], %s::uuid[]) AS gone (domain, node)
WHERE domain_id = domain AND addressee = node
"""
HORIZON: Final = "SELECT horizon FROM event_heads WHERE domain_id = %s"


@dataclass(frozen=True, slots=True)
class EventLog:
    """Reads the sequenced rows of Domains, and opens and closes their logs."""

    database: Database

    async def open(self, domain_id: DomainId) -> None:
        """Begin a Domain's log, in the open unit of work."""
        async with self.database.connection() as connection:
            await connection.execute(OPEN, [domain_id])

    async def close(self, domain_id: DomainId) -> None:
        """End a Domain's log, in the open unit of work: nothing of it remains."""
        async with self.database.connection() as connection:
            await connection.execute(LOCK, [domain_id])
            await connection.execute(CLOSE, {"domain": domain_id})

    async def forget(self, nodes: Sequence[tuple[DomainId, NodeId]]) -> None:
        """Forget what pruned rows concerned nodes that nobody sees and that open no stream any more."""
        domains, ids = [each[0] for each in nodes], [each[1] for each in nodes]
        async with self.database.connection() as connection:
            await connection.execute(FORGET, [domains, ids])

    async def heads(self, domains: Sequence[DomainId]) -> dict[DomainId, int]:
        """Return the newest offset of each Domain that still has a log; 0 before its first row."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(HEADS, [list(domains)])
            return {DomainId(domain): offset for domain, offset in await cursor.fetchall()}

    async def after(self, domain_id: DomainId, offset: int, limit: int) -> list[Row]:
        """
        Return at most `limit` rows behind `offset`, in order, and fewer where they name many.

        The next row is among them, whatever it names, unless there is none or it was pruned.
        """
        given = {"domain": domain_id, "behind": offset, "rows": limit, "octets": NAMES_OCTETS}
        async with self.database.connection() as connection:
            cursor = await connection.execute(AFTER, given)
            return [row_of(columns) for columns in await cursor.fetchall()]

    async def latest(self, domain_id: DomainId, upto: int, limit: int, names: int) -> list[Row]:
        """Return at most `limit` rows up to an offset, newest first, that name no more than `names` together."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(LATEST, [domain_id, upto, limit, names])
            return [row_of(columns) for columns in await cursor.fetchall()]

    async def addressed(
        self, domain_id: DomainId, node: NodeId, subjects: Sequence[UUID], after: int, upto: int, most: int
    ) -> list[Row]:
        """
        Return rows that name the node, or are about a subject it sees, by index (design D23).

        Of those whom a row names they hold the node alone.
        """
        given = {"domain": domain_id, "node": node, "subjects": list(subjects), "after": after, "upto": upto}
        async with self.database.connection() as connection:
            cursor = await connection.execute(ADDRESSED, {**given, "most": most})
            return [row_of(columns) for columns in await cursor.fetchall()]

    async def horizon(self, domain_id: DomainId) -> int:
        """Return the last pruned offset of a Domain; 0 when nothing was."""
        async with self.database.connection() as connection:
            row = await (await connection.execute(HORIZON, [domain_id])).fetchone()
            return row[0] if row else 0

    async def pruned_since(self, domain_id: DomainId, addressees: Sequence[UUID], offset: int) -> bool:
        """Tell whether a row behind `offset` that concerned one of the addressees is gone."""
        async with self.database.connection() as connection:
            row = await (
                await connection.execute(PRUNED_SINCE, [domain_id, list(addressees), offset])
            ).fetchone()
            return bool(row and row[0])
