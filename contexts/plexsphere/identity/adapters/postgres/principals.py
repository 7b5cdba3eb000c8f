"""Principals in PostgreSQL."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from plexsphere.identity.domain.errors import DomainNotFound, ServiceIdentityAlreadyExists
from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.principal import FederationKind, Principal, PrincipalKind
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, PrincipalId

ADD: Final = """
    INSERT INTO principals (
        id, domain_id, kind, display_name, external_subject, audience, federation_kind, created_at, updated_at
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
GET: Final = """
    SELECT id, domain_id, kind, display_name, external_subject, audience, federation_kind, created_at, updated_at
    FROM principals WHERE id = %s
"""
PAGE: Final = """
    SELECT id, domain_id, kind, display_name, external_subject, audience, federation_kind, created_at, updated_at
    FROM principals
    WHERE domain_id = %s AND kind = ANY(%s) AND (created_at, id) < (%s, %s)
    ORDER BY created_at DESC, id DESC LIMIT %s
"""

START: Final = (datetime.max.replace(tzinfo=UTC), PrincipalId(UUID(int=2**128 - 1)))


class PostgresPrincipals:
    """The collection of users and service identities."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, principal: Principal) -> None:
        """Keep a new principal; DomainNotFound or ServiceIdentityAlreadyExists."""
        async with self._database.connection() as connection:
            try:
                await connection.execute(ADD, _row(principal))
            except UniqueViolation as error:
                raise ServiceIdentityAlreadyExists(principal.domain_id) from error
            except ForeignKeyViolation as error:
                raise DomainNotFound(principal.domain_id) from error

    async def get(self, principal_id: PrincipalId) -> Principal | None:
        """Return the principal, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(GET, [principal_id])).fetchone()
        return None if row is None else _principal(*row)

    async def page(
        self,
        domain_id: DomainId,
        kinds: Collection[PrincipalKind],
        before: tuple[datetime, PrincipalId] | None,
        limit: int,
    ) -> Page[Principal]:
        """Return up to `limit` principals of the Domain, newest first, from behind `before`."""
        values = (domain_id, list(map(str, kinds)), *(before or START), limit + 1)
        async with self._database.connection() as connection:
            rows = await (await connection.execute(PAGE, values)).fetchall()
        return Page.cut([_principal(*row) for row in rows], limit)


def _row(principal: Principal) -> tuple[Any, ...]:
    return (
        principal.id,
        principal.domain_id,
        str(principal.kind),
        principal.display_name,
        principal.external_subject,
        principal.audience,
        str(principal.federation_kind),
        principal.created_at,
        principal.updated_at,
    )


def _principal(*row: Any) -> Principal:
    principal_id, domain_id, kind, name, subject, audience, federation, created_at, updated_at = row
    return Principal(
        id=PrincipalId(principal_id),
        domain_id=domain_id and DomainId(domain_id),
        kind=PrincipalKind(kind),
        display_name=name,
        created_at=created_at,
        updated_at=updated_at,
        external_subject=subject,
        audience=audience,
        federation_kind=FederationKind(federation),
    )
