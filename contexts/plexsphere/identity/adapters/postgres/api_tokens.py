"""API tokens in PostgreSQL, whose clock decides what is alive."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg.errors import ForeignKeyViolation

from plexsphere.identity.domain.api_token import MOST_PER_PRINCIPAL, ApiToken, ApiTokenProof
from plexsphere.identity.domain.errors import IdentityNotFound, TooManyApiTokens
from plexsphere.identity.domain.principal import OperatorPrincipal, PrincipalKind
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, PrincipalId, TokenId

ADD: Final = """
    INSERT INTO api_tokens (id, principal_id, env_prefix, secret_sha256, created_at, expires_at)
    SELECT %(id)s, %(principal_id)s, %(env_prefix)s, %(secret_sha256)s,
        statement_timestamp(), statement_timestamp() + %(lifetime)s
    WHERE %(most)s > (
        SELECT count(*) FROM api_tokens
        WHERE principal_id = %(principal_id)s AND revoked_at IS NULL AND expires_at > clock_timestamp()
    )
    RETURNING id, principal_id, env_prefix, created_at, expires_at, last_used_at, rotated_at
"""
GET: Final = """
    SELECT id, principal_id, env_prefix, created_at, expires_at, last_used_at, rotated_at
    FROM api_tokens WHERE id = %s AND revoked_at IS NULL AND expires_at > clock_timestamp()
"""
OF: Final = """
    SELECT id, principal_id, env_prefix, created_at, expires_at, last_used_at, rotated_at
    FROM api_tokens
    WHERE principal_id = %s AND revoked_at IS NULL AND expires_at > clock_timestamp()
    ORDER BY created_at, id
"""
PROOF: Final = """
    SELECT p.id, p.domain_id, p.kind, t.id, t.secret_sha256,
        extract(epoch FROM t.expires_at - clock_timestamp())::float8
    FROM api_tokens t JOIN principals p ON p.id = t.principal_id
    WHERE t.id = %s AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()
"""
REVOKE: Final = """
    UPDATE api_tokens SET revoked_at = clock_timestamp()
    WHERE id = %s AND principal_id = %s AND revoked_at IS NULL AND expires_at > clock_timestamp()
"""
CLAIM_UNROTATED: Final = """
    SELECT id, principal_id, env_prefix, created_at, expires_at, last_used_at, rotated_at
    FROM api_tokens
    WHERE id = %s AND principal_id = %s
        AND revoked_at IS NULL AND rotated_at IS NULL AND expires_at > clock_timestamp()
    FOR UPDATE
"""
RETIRE: Final = """
    UPDATE api_tokens
    SET rotated_at = statement_timestamp(), expires_at = least(expires_at, statement_timestamp() + %s)
    WHERE id = %s RETURNING expires_at
"""
# Best effort: a row somebody holds is left alone.
MARK_USED: Final = """
    UPDATE api_tokens SET last_used_at = statement_timestamp() WHERE id IN (
        SELECT id FROM api_tokens
        WHERE id = ANY(%s)
            AND (last_used_at IS NULL OR last_used_at <= statement_timestamp() - interval '1 minute')
        FOR UPDATE SKIP LOCKED
    )
"""


class PostgresApiTokens:
    """The collection of API tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        token_id: TokenId,
        principal_id: PrincipalId,
        env_prefix: str,
        lifetime: timedelta,
        secret_sha256: bytes,
    ) -> ApiToken:
        """Keep a new token; IdentityNotFound or TooManyApiTokens."""
        values = {
            "id": token_id,
            "principal_id": principal_id,
            "env_prefix": env_prefix,
            "lifetime": lifetime,
            "secret_sha256": secret_sha256,
            "most": MOST_PER_PRINCIPAL,
        }
        async with self._database.connection() as connection:
            try:
                row = await (await connection.execute(ADD, values)).fetchone()
            except ForeignKeyViolation as error:
                raise IdentityNotFound(principal_id) from error
        if row is None:
            raise TooManyApiTokens(principal_id)
        return _token(*row)

    async def get(self, token_id: TokenId) -> ApiToken | None:
        """Return the live token, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(GET, [token_id])).fetchone()
        return None if row is None else _token(*row)

    async def of(self, principal_id: PrincipalId) -> tuple[ApiToken, ...]:
        """Return the principal's live tokens, oldest first."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(OF, [principal_id])).fetchall()
        return tuple(_token(*row) for row in rows)

    async def proof(self, token_id: TokenId) -> ApiTokenProof | None:
        """Return what proves the live token, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(PROOF, [token_id])).fetchone()
        return None if row is None else _proof(*row)

    async def revoke(self, principal_id: PrincipalId, token_id: TokenId) -> bool:
        """Revoke the principal's token once; say whether there was such a live token."""
        async with self._database.connection() as connection:
            return (await connection.execute(REVOKE, [token_id, principal_id])).rowcount == 1

    async def retire(
        self, principal_id: PrincipalId, token_id: TokenId, grace: timedelta
    ) -> tuple[ApiToken, datetime] | None:
        """Mark the token rotated once; return it as it was, and when it dies, or None."""
        async with self._database.connection() as connection:
            old = await (await connection.execute(CLAIM_UNROTATED, [token_id, principal_id])).fetchone()
            if old is None:
                return None
            death = await (await connection.execute(RETIRE, [grace, token_id])).fetchone()
        return None if death is None else (_token(*old), death[0])

    async def mark_used(self, token_ids: Collection[TokenId]) -> None:
        """Note a use of each token, unless one was noted within the last minute."""
        async with self._database.connection() as connection:
            await connection.execute(MARK_USED, [list(token_ids)])


def _token(*row: Any) -> ApiToken:
    token_id, principal_id, env_prefix, created_at, expires_at, last_used_at, rotated_at = row
    return ApiToken(
        TokenId(token_id),
        PrincipalId(principal_id),
        env_prefix,
        created_at,
        expires_at,
        last_used_at,
        rotated_at,
    )


def _proof(*row: Any) -> ApiTokenProof:
    principal_id, domain_id, kind, token_id, secret_sha256, seconds_left = row
    principal = OperatorPrincipal(
        PrincipalId(principal_id), domain_id and DomainId(domain_id), PrincipalKind(kind), TokenId(token_id)
    )
    return ApiTokenProof(principal, secret_sha256, seconds_left)
