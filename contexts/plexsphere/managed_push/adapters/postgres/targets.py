"""Targets in PostgreSQL."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg.errors import ForeignKeyViolation

from plexsphere.managed_push.domain.errors import DomainNotFound
from plexsphere.managed_push.domain.target import Target
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId

GET: Final = """
SELECT domain_id, kubeconfig_ciphertext, kubeconfig_sha256, api_server_url, enabled, created_at, updated_at
FROM domain_managed_push WHERE domain_id = %s
"""
PUT: Final = """
INSERT INTO domain_managed_push (
    domain_id, kubeconfig_ciphertext, kubeconfig_sha256, api_server_url, enabled, created_at, updated_at
) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (domain_id) DO UPDATE SET
    kubeconfig_ciphertext = excluded.kubeconfig_ciphertext, kubeconfig_sha256 = excluded.kubeconfig_sha256,
    api_server_url = excluded.api_server_url, enabled = excluded.enabled, updated_at = excluded.updated_at
RETURNING domain_id, kubeconfig_ciphertext, kubeconfig_sha256, api_server_url, enabled, created_at, updated_at
"""
REMOVE: Final = "DELETE FROM domain_managed_push WHERE domain_id = %s"


@dataclass(frozen=True, slots=True)
class PostgresTargets:
    """Answers the port `Targets`."""

    database: Database

    async def get(self, domain_id: DomainId, /) -> Target | None:
        """Read by the primary key."""
        async with self.database.connection() as connection:
            row = await (await connection.execute(GET, [domain_id])).fetchone()
        return None if row is None else _target(*row)

    async def put(self, target: Target, /) -> Target:
        """Insert or replace in one statement."""
        async with self.database.connection() as connection:
            try:
                row = await (await connection.execute(PUT, _row(target))).fetchone()
            except ForeignKeyViolation as error:
                raise DomainNotFound(target.domain_id) from error
        return target if row is None else _target(*row)

    async def remove(self, domain_id: DomainId, /) -> bool:
        """Delete the row."""
        async with self.database.connection() as connection:
            return (await connection.execute(REMOVE, [domain_id])).rowcount == 1


def _row(target: Target) -> tuple[Any, ...]:
    return (
        target.domain_id,
        target.kubeconfig_ciphertext,
        target.kubeconfig_sha256,
        target.api_server_url,
        target.enabled,
        target.created_at,
        target.updated_at,
    )


def _target(domain_id: Any, ciphertext: bytes, *others: Any) -> Target:
    return Target(DomainId(domain_id), bytes(ciphertext), *others)
