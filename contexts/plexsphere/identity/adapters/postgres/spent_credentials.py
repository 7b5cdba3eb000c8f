"""Credentials that prove nothing any more, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId

FORGET_NODES: Final = """
WITH gone AS (
    DELETE FROM node_identities USING unnest(%s::uuid[], %s::uuid[]) AS left_behind (domain, node)
    WHERE domain_id = domain AND node_id = node AND ended_at IS NOT NULL
    RETURNING domain_id, bootstrap_token_id
)
DELETE FROM bootstrap_tokens USING gone
WHERE bootstrap_tokens.domain_id = gone.domain_id AND bootstrap_tokens.id = gone.bootstrap_token_id
"""
FORGET_BOOTSTRAP_TOKENS: Final = """
WITH over AS MATERIALIZED (
    SELECT domain_id, id FROM bootstrap_tokens
    WHERE consumed_at IS NULL AND least(expires_at, revoked_at) < now() - %s
    ORDER BY domain_id, id LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM bootstrap_tokens USING over
WHERE bootstrap_tokens.domain_id = over.domain_id AND bootstrap_tokens.id = over.id
"""
FORGET_API_TOKENS: Final = """
WITH over AS MATERIALIZED (
    SELECT id FROM api_tokens WHERE least(expires_at, revoked_at) < now() - %s
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM api_tokens USING over WHERE api_tokens.id = over.id
"""


@dataclass(frozen=True, slots=True)
class PostgresSpentCredentials:
    """Answers the port `SpentCredentials`."""

    database: Database

    async def forget_nodes(self, nodes: Sequence[tuple[DomainId, NodeId]]) -> None:
        """Delete both rows in one statement."""
        domains, ids = [each[0] for each in nodes], [each[1] for each in nodes]
        async with self.database.connection() as connection:
            await connection.execute(FORGET_NODES, [domains, ids])

    async def forget_bootstrap_tokens(self, kept: timedelta, most: int) -> int:
        """Delete their rows; a used one stays as long as its node's identity."""
        async with self.database.connection() as connection:
            return (await connection.execute(FORGET_BOOTSTRAP_TOKENS, [kept, most])).rowcount

    async def forget_api_tokens(self, kept: timedelta, most: int) -> int:
        """Delete their rows."""
        async with self.database.connection() as connection:
            return (await connection.execute(FORGET_API_TOKENS, [kept, most])).rowcount
