"""Bootstrap tokens in PostgreSQL, whose clock decides what is alive."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from plexsphere.identity.domain.bootstrap_token import (
    LOST_ANSWER_WINDOW,
    BootstrapToken,
    BootstrapTokenKind,
    BootstrapTokenTerms,
)
from plexsphere.identity.domain.enrolment import Admitted, Again, Applicant, Redemption
from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.project import Project
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, PrincipalId, ProjectId, TokenId

ADD: Final = """
    INSERT INTO bootstrap_tokens (
        domain_id, id, project_id, kind, env_prefix, labels, secret_sha256, issued_at, issued_by, expires_at
    )
    VALUES (
        %(domain_id)s, %(id)s, %(project_id)s, %(kind)s, %(env_prefix)s, %(labels)s, %(secret_sha256)s,
        statement_timestamp(), %(issued_by)s, statement_timestamp() + %(lifetime)s
    )
    RETURNING id, domain_id, project_id, kind, env_prefix, labels, issued_at, issued_by, expires_at,
        consumed_at, consumed_by, revoked_at
"""
GET: Final = """
    SELECT id, domain_id, project_id, kind, env_prefix, labels, issued_at, issued_by, expires_at,
        consumed_at, consumed_by, revoked_at
    FROM bootstrap_tokens WHERE id = %s AND project_id = %s
"""
PAGE: Final = """
    SELECT id, domain_id, project_id, kind, env_prefix, labels, issued_at, issued_by, expires_at,
        consumed_at, consumed_by, revoked_at
    FROM bootstrap_tokens WHERE domain_id = %s AND project_id = %s AND id > %s ORDER BY id LIMIT %s
"""
REVOKE: Final = """
    UPDATE bootstrap_tokens SET revoked_at = clock_timestamp()
    WHERE id = %s AND project_id = %s AND consumed_at IS NULL AND revoked_at IS NULL
"""
# clock_timestamp(), for now() stands still while the transaction waits, and the token may expire meanwhile (M11).
REDEEM: Final = """
    UPDATE bootstrap_tokens SET consumed_at = clock_timestamp(), consumed_by = %s
    WHERE id = %s AND consumed_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp()
    RETURNING domain_id, project_id, kind, labels, id, secret_sha256
"""
# The lock makes the node's first use wait, so that it cannot begin between this answer and the renewal.
REDEEMED: Final = """
    SELECT i.domain_id, i.node_id, t.secret_sha256
    FROM bootstrap_tokens t
    JOIN node_identities i
        ON i.domain_id = t.domain_id AND i.node_id = t.consumed_by AND i.bootstrap_token_id = t.id
    WHERE t.id = %s AND t.consumed_at > clock_timestamp() - %s
        AND i.first_used_at IS NULL AND i.ended_at IS NULL AND i.public_key = %s AND i.hostname = %s
    FOR UPDATE OF i
"""

START: Final = TokenId(UUID(int=0))


class PostgresBootstrapTokens:
    """The collection of bootstrap tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        token_id: TokenId,
        project: Project,
        issued_by: PrincipalId,
        terms: BootstrapTokenTerms,
        secret_sha256: bytes,
    ) -> BootstrapToken:
        """Keep a new token; ProjectNotFound if the Project is gone."""
        values = {
            "domain_id": project.domain_id,
            "id": token_id,
            "project_id": project.id,
            "kind": str(terms.kind),
            "env_prefix": terms.env_prefix,
            "labels": Jsonb(dict(terms.labels)),
            "secret_sha256": secret_sha256,
            "issued_by": issued_by,
            "lifetime": timedelta(seconds=terms.ttl_seconds),
        }
        async with self._database.connection() as connection:
            try:
                rows = await (await connection.execute(ADD, values)).fetchall()
            except ForeignKeyViolation as error:
                raise ProjectNotFound(project.id) from error
        return _token(*rows[0])

    async def get(self, project_id: ProjectId, token_id: TokenId) -> BootstrapToken | None:
        """Return the Project's token, alive or not, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(GET, [token_id, project_id])).fetchone()
        return None if row is None else _token(*row)

    async def page(self, project: Project, after: TokenId | None, limit: int) -> Page[BootstrapToken]:
        """Return up to `limit` of the Project's tokens in the order of issue, from behind `after`."""
        values = [project.domain_id, project.id, after or START, limit + 1]
        async with self._database.connection() as connection:
            rows = await (await connection.execute(PAGE, values)).fetchall()
        return Page.cut([_token(*row) for row in rows], limit)

    async def revoke(self, project_id: ProjectId, token_id: TokenId) -> bool:
        """Revoke the token, if it was neither consumed nor revoked before; say whether it was so."""
        async with self._database.connection() as connection:
            return (await connection.execute(REVOKE, [token_id, project_id])).rowcount == 1

    async def redeem(self, token_id: TokenId, applicant: Applicant) -> Redemption | None:
        """Bind a token that is still good to the applicant's node, or return None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(REDEEM, [applicant.node_id, token_id])).fetchone()
        return None if row is None else _admitted(*row)

    async def redeemed(self, token_id: TokenId, applicant: Applicant) -> Redemption | None:
        """Return the unused node this very machine became by the token a moment ago, or None."""
        values = [token_id, LOST_ANSWER_WINDOW, applicant.public_key, applicant.hostname]
        async with self._database.connection() as connection:
            row = await (await connection.execute(REDEEMED, values)).fetchone()
        return None if row is None else _again(*row)


def _token(*row: Any) -> BootstrapToken:
    token_id, domain_id, project_id, kind, env_prefix, labels, issued_at, issued_by, expires_at, *ends = row
    consumed_at, consumed_by, revoked_at = ends
    return BootstrapToken(
        id=TokenId(token_id),
        domain_id=DomainId(domain_id),
        project_id=ProjectId(project_id),
        kind=BootstrapTokenKind(kind),
        env_prefix=env_prefix,
        labels=labels,
        issued_at=issued_at,
        issued_by=PrincipalId(issued_by),
        expires_at=expires_at,
        consumed_at=consumed_at,
        consumed_by=consumed_by and NodeId(consumed_by),
        revoked_at=revoked_at,
    )


def _admitted(*row: Any) -> Redemption:
    domain_id, project_id, kind, labels, token_id, secret_sha256 = row
    admitted = Admitted(
        DomainId(domain_id), ProjectId(project_id), BootstrapTokenKind(kind), labels, TokenId(token_id)
    )
    return Redemption(admitted, secret_sha256)


def _again(*row: Any) -> Redemption:
    domain_id, node_id, secret_sha256 = row
    return Redemption(Again(DomainId(domain_id), NodeId(node_id)), secret_sha256)
