"""Numbers and chains what the inbox of the audit trail holds (design D33)."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.platform.audit.chain import Link, Unchained, link
from plexsphere.platform.db.database import Connection, Database

BATCH: Final = 1_000

LOCK_HEADS: Final = """
WITH chains AS (SELECT DISTINCT chain_id FROM audit_inbox), opened AS (
    INSERT INTO audit_heads (chain_id) SELECT chain_id FROM chains ON CONFLICT DO NOTHING
)
SELECT chain_id, next_seq, last_hash FROM audit_heads WHERE chain_id IN (SELECT chain_id FROM chains)
ORDER BY chain_id LIMIT 64 FOR UPDATE SKIP LOCKED
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
    links: list[Link] = []
    for row in sorted(rows):
        links.append(
            link(
                str(chain_id), seq + len(links), links[-1].entry_hash if links else last_hash, Unchained(*row)
            )
        )
    if links:
        columns = [
            [getattr(each, name) for each in links]
            for name in ("seq", "canonical", "prev_hash", "entry_hash")
        ]
        await connection.execute(CHAIN, [chain_id, *columns])
        await connection.execute(MOVE_HEAD, [seq + len(links), links[-1].entry_hash, chain_id])
    return len(links)
