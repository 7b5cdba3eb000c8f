"""Claims of streams in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.ports.stream_claims import StreamClaim
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId

LAST: Final = "SELECT last_number FROM stream_claim_head"

# The lock of the head is held to the commit: numbers become visible in their order, and no two batches wait for each
# other's rows.
PUT: Final = """
WITH head AS (
    UPDATE stream_claim_head SET last_number = last_number + %(count)s
    RETURNING last_number - %(count)s AS before
)
INSERT INTO stream_claims (domain_id, node_id, number, stream_id)
SELECT domain_id, node_id, before + place, stream_id
FROM head, unnest(%(domains)s::uuid[], %(nodes)s::uuid[], %(streams)s::uuid[]) WITH ORDINALITY
    AS given (domain_id, node_id, stream_id, place)
ON CONFLICT (domain_id, node_id) DO UPDATE SET number = excluded.number, stream_id = excluded.stream_id
"""

BEHIND: Final = """
SELECT number, domain_id, node_id, stream_id FROM stream_claims WHERE number > %s ORDER BY number LIMIT %s
"""

LOCK: Final = "SELECT FROM stream_claim_head FOR UPDATE"
FORGET: Final = """
DELETE FROM stream_claims WHERE NOT EXISTS (
    SELECT FROM nodes
    WHERE nodes.domain_id = stream_claims.domain_id AND nodes.id = stream_claims.node_id AND removed_at IS NULL
)
"""


@dataclass(frozen=True, slots=True)
class PostgresStreamClaims:
    """Answers the port `StreamClaims`."""

    database: Database

    async def last(self) -> int:
        async with self.database.connection() as connection:
            row = await (await connection.execute(LAST)).fetchone()
            return row[0] if row else 0

    async def put(self, batch: Sequence[StreamClaim], /) -> None:
        given = {
            "count": len(batch),
            "domains": [each.domain_id for each in batch],
            "nodes": [each.node_id for each in batch],
            "streams": [each.stream_id for each in batch],
        }
        async with self.database.connection() as connection:
            await connection.execute(PUT, given)

    async def behind(self, number: int, most: int, /) -> Sequence[tuple[int, StreamClaim]]:
        async with self.database.connection() as connection:
            rows = await (await connection.execute(BEHIND, [number, most])).fetchall()
        return [(row[0], StreamClaim(DomainId(row[1]), NodeId(row[2]), row[3])) for row in rows]

    async def forget_departed(self) -> int:
        async with self.database(), self.database.connection() as connection:
            await connection.execute(LOCK)
            return (await connection.execute(FORGET)).rowcount
