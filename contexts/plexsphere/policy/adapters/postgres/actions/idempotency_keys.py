"""Idempotency keys in PostgreSQL."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import ExecutionId
from plexsphere.policy.ports.actions.idempotency_keys import Claim, IdempotencyKey

# Of two at once the second waits here for the first one's commit, and then reads what that one wrote.
CLAIM: Final = """
INSERT INTO execution_keys (domain_id, project_id, principal, key, body_digest, execution_id)
VALUES (%(domain)s, %(project)s, %(principal)s, %(key)s, %(digest)s, %(execution)s)
ON CONFLICT DO NOTHING
"""
STANDING: Final = """
SELECT execution_id, body_digest FROM execution_keys
WHERE domain_id = %(domain)s AND project_id = %(project)s AND principal = %(principal)s AND key = %(key)s
"""
FORGET: Final = """
WITH over AS MATERIALIZED (
    SELECT domain_id, project_id, principal, key FROM execution_keys WHERE created_at < statement_timestamp() - %s
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM execution_keys AS kept USING over
WHERE (kept.domain_id, kept.project_id, kept.principal, kept.key)
    = (over.domain_id, over.project_id, over.principal, over.key)
"""


@dataclass(frozen=True, slots=True)
class PostgresIdempotencyKeys:
    """Answers the port `IdempotencyKeys`."""

    database: Database

    async def claim(self, key: IdempotencyKey, claim: Claim, /) -> Claim:
        """Insert, and read what stands there; a key that is forgotten in between is claimed anew."""
        given = _values(key, claim)
        async with self.database.connection() as connection:
            while True:
                await connection.execute(CLAIM, given)
                row = await (await connection.execute(STANDING, given)).fetchone()
                if row is not None:
                    return Claim(ExecutionId(row[0]), bytes(row[1]))

    async def forget(self, older_than: timedelta, most: int, /) -> int:
        """Delete their rows."""
        async with self.database.connection() as connection:
            return (await connection.execute(FORGET, [older_than, most])).rowcount


def _values(key: IdempotencyKey, claim: Claim) -> dict[str, Any]:
    return {
        "domain": key.domain_id,
        "project": key.project_id,
        "principal": key.principal,
        "key": key.key,
        "digest": claim.body_digest,
        "execution": claim.execution_id,
    }
