"""Reads a chain as it lies in its columns."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from plexsphere.platform.audit.chain import GENESIS, Checkpoint, Link, Unchained
from plexsphere.platform.db.database import Database

# `forged` are entries beyond what the head says was sealed: one statement, so that none is sealed in between.
HEAD: Final = """
SELECT head.next_seq, head.last_hash,
       (SELECT min(seq) FROM audit_entries WHERE chain_id = %(chain)s AND seq >= coalesce(head.next_seq, 1)),
       unsealed.count, unsealed.age
FROM (SELECT count(*), coalesce(clock_timestamp() - min(occurred_at), '0') AS age
      FROM audit_inbox WHERE chain_id = %(chain)s) AS unsealed
LEFT JOIN audit_heads AS head ON head.chain_id = %(chain)s
"""
# What was never written by us may be beyond what Python can hold: such an instant is read as NULL, and JSON as text.
ENTRIES: Final = """
SELECT seq, canonical_bytes, prev_hash, entry_hash,
       CASE WHEN occurred_at >= '0001-01-02' AND occurred_at < '9999-12-31' THEN occurred_at END,
       outcome, subject, relation, object_type, object_id, caveat_context::text, correlation_id
FROM audit_entries WHERE chain_id = %s AND seq BETWEEN %s AND %s ORDER BY seq LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain is sealed, what lies beyond that although nobody sealed it, and what waits to be sealed."""

    next_seq: int
    last_hash: bytes
    forged_from: int | None
    unsealed: int
    oldest_unsealed: timedelta

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the newest sealed entry; 0 and 32 zero bytes of a chain without any."""
        return Checkpoint(self.next_seq - 1, self.last_hash)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A row: its link as stored, and its content as the columns have it, None where they hold nonsense."""

    link: Link
    content: Unchained | None


@dataclass(frozen=True, slots=True)
class ChainReader:
    """Reads heads and entries of audit chains."""

    database: Database

    async def head(self, chain: UUID) -> Head:
        """Return the chain's head; one that was never begun is empty."""
        async with self.database.connection() as connection:
            row = await (await connection.execute(HEAD, {"chain": chain})).fetchone()
        next_seq, last_hash, forged, unsealed, age = row or (None, None, None, 0, timedelta())
        return Head(next_seq or 1, last_hash or GENESIS, forged, unsealed, age)

    async def entries(self, chain: UUID, first: int, last: int, limit: int) -> list[StoredEntry]:
        """Return at most `limit` entries from `first` to `last`, in order."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(ENTRIES, [chain, first, last, limit])
            return [_entry(row) for row in await cursor.fetchall()]


def _entry(row: Sequence[Any]) -> StoredEntry:
    (
        seq,
        canonical,
        prev_hash,
        entry_hash,
        occurred_at,
        outcome,
        subject,
        relation,
        kind,
        name,
        context,
        said,
    ) = row
    link = Link(seq, canonical, prev_hash, entry_hash)
    parsed = _parsed(context)
    if occurred_at is None or parsed is None:
        return StoredEntry(link, None)
    return StoredEntry(
        link, Unchained(seq, occurred_at, outcome, subject, relation, kind, name, parsed, said)
    )


def _parsed(context: str) -> dict[str, int | str] | None:
    # What the trail writes is flat; anything else was not written by it, and may be too deep to look at.
    try:
        parsed = json.loads(context)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict) or not all(isinstance(value, (int, str)) for value in parsed.values()):
        return None
    return parsed
