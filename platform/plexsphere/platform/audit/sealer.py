"""Numbers and chains what the inbox of the audit trail holds (design D33)."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.platform.audit.chain import Link, Unchained, link
from plexsphere.platform.db.database import Connection, Database

BATCH: Final = 1_000
AT_ONCE: Final = 100

# Whose entry waits longest comes first, so that busy chains starve none. Heads are opened in one order by all, or two
# sealers could wait for each other.
LOCK_HEADS: Final = """
WITH waiting AS (SELECT chain_id, min(id) AS oldest FROM audit_inbox GROUP BY chain_id), opened AS (
    INSERT INTO audit_heads (chain_id) SELECT chain_id FROM waiting ORDER BY chain_id ON CONFLICT DO NOTHING
)
SELECT audit_heads.chain_id, next_seq, last_hash FROM audit_heads JOIN waiting USING (chain_id)
ORDER BY oldest LIMIT 64 FOR UPDATE OF audit_heads SKIP LOCKED
"""
TAKE: Final = """
DELETE FROM audit_inbox WHERE (chain_id, id) IN (
    SELECT chain_id, id FROM audit_inbox WHERE chain_id = %s ORDER BY id LIMIT %s
)
RETURNING id, occurred_at, outcome, subject, relation, object_type, object_id, caveat_context, correlation_id
"""
CHAIN: Final = """
INSERT INTO audit_entries
    (chain_id, seq, occurred_at, outcome, subject, relation, object_type, object_id, caveat_context,
     correlation_id, canonical_bytes, prev_hash, entry_hash)
SELECT %s, seq, (body ->> 'occurred_at')::timestamptz, body ->> 'outcome', body ->> 'subject', body ->> 'relation',
       body -> 'object' ->> 'type', body -> 'object' ->> 'id', body -> 'caveat_context', body ->> 'correlation_id',
       canonical, prev_hash, entry_hash
FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[], %s::bytea[]) AS given (seq, canonical, prev_hash, entry_hash),
     LATERAL (SELECT convert_from(canonical, 'UTF8')::jsonb AS body) AS parsed
"""
MOVE_HEAD: Final = "UPDATE audit_heads SET next_seq = %s, last_hash = %s WHERE chain_id = %s"


@dataclass(frozen=True, slots=True)
class AuditSealer:
    """Moves entries from the inbox into their chains; any number of processes may run it at once."""

    database: Database

    async def __call__(self) -> int:
        """Seal one batch of each chain and return how many entries were sealed."""
        async with self.database(), self.database.connection() as connection:
            heads = await (await connection.execute(LOCK_HEADS)).fetchall()
            return sum([await _seal_chain(connection, *head) for head in heads])


async def _seal_chain(connection: Connection, chain_id: UUID, seq: int, last_hash: bytes) -> int:
    rows = await (await connection.execute(TAKE, [chain_id, BATCH])).fetchall()
    links = await _linked(str(chain_id), seq, last_hash, [Unchained(*row) for row in sorted(rows)])
    if links:
        names = ("seq", "canonical", "prev_hash", "entry_hash")
        columns = [[getattr(each, name) for each in links] for name in names]
        await connection.execute(CHAIN, [chain_id, *columns])
        await connection.execute(MOVE_HEAD, [seq + len(links), links[-1].entry_hash, chain_id])
    return len(links)


async def _linked(chain_id: str, seq: int, prev_hash: bytes, entries: list[Unchained]) -> list[Link]:
    links: list[Link] = []
    for place, entry in enumerate(entries):
        links.append(link(chain_id, seq + place, prev_hash, entry))
        prev_hash = links[-1].entry_hash
        if place % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)
    return links
