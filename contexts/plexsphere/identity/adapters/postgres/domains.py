"""Domains in PostgreSQL."""

from typing import Any, Final

from psycopg.errors import UniqueViolation

from plexsphere.identity.domain.domain import Domain
from plexsphere.identity.domain.errors import DomainSlugConflict
from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange

ADD: Final = """
    INSERT INTO domains (
        id, slug, name, description, region, mesh_cidr, heartbeat_interval_seconds, accept_nsk_bearer,
        log_denied, created_at, updated_at
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
GET: Final = """
    SELECT id, slug, name, description, region, mesh_cidr, heartbeat_interval_seconds, accept_nsk_bearer,
        log_denied, created_at, updated_at
    FROM domains WHERE id = %s
"""
# Inserts that refer to the Domain wait for this lock, so what was counted under it stays true.
CLAIM: Final = """
    SELECT id, slug, name, description, region, mesh_cidr, heartbeat_interval_seconds, accept_nsk_bearer,
        log_denied, created_at, updated_at
    FROM domains WHERE id = %s FOR UPDATE
"""
PAGE: Final = """
    SELECT id, slug, name, description, region, mesh_cidr, heartbeat_interval_seconds, accept_nsk_bearer,
        log_denied, created_at, updated_at
    FROM domains WHERE slug > %s ORDER BY slug LIMIT %s
"""
PUT: Final = """
    UPDATE domains
    SET name = %s, description = %s, region = %s, mesh_cidr = %s, heartbeat_interval_seconds = %s,
        accept_nsk_bearer = %s, log_denied = %s, updated_at = %s
    WHERE id = %s
"""
REACHABILITY_POLICIES: Final = "SELECT id, heartbeat_interval_seconds FROM domains"
COUNT_CHILDREN: Final = """
    SELECT
        (SELECT count(*) FROM projects WHERE domain_id = %(id)s),
        (SELECT count(*) FROM principals WHERE domain_id = %(id)s)
"""
REMOVE: Final = "DELETE FROM domains WHERE id = %s"


class PostgresDomains:
    """The collection of Domains."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, domain: Domain) -> None:
        """Keep a new Domain; DomainSlugConflict if its slug is taken."""
        row = (domain.id, domain.slug, *_fields(domain)[:-1], domain.created_at, domain.updated_at)
        async with self._database.connection() as connection:
            try:
                await connection.execute(ADD, row)
            except UniqueViolation as error:
                raise DomainSlugConflict(domain.id) from error

    async def get(self, domain_id: DomainId) -> Domain | None:
        """Return the Domain, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(GET, [domain_id])).fetchone()
        return None if row is None else _domain(*row)

    async def claim(self, domain_id: DomainId) -> Domain | None:
        """Return the Domain, locked until the unit of work ends, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(CLAIM, [domain_id])).fetchone()
        return None if row is None else _domain(*row)

    async def page(self, after: str, limit: int) -> Page[Domain]:
        """Return up to `limit` Domains in the order of their slugs, from behind `after`."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(PAGE, [after, limit + 1])).fetchall()
        return Page.cut([_domain(*row) for row in rows], limit)

    async def reachability_policies(self) -> dict[DomainId, ReachabilityPolicy]:
        """Return the reachability policy of every Domain."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(REACHABILITY_POLICIES)).fetchall()
        return {DomainId(domain_id): ReachabilityPolicy(interval) for domain_id, interval in rows}

    async def put(self, domain: Domain) -> None:
        """Keep the Domain as it now is."""
        async with self._database.connection() as connection:
            await connection.execute(PUT, (*_fields(domain), domain.id))

    async def count_children(self, domain_id: DomainId) -> dict[str, int]:
        """Return how many Projects and identities the Domain holds."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(COUNT_CHILDREN, {"id": domain_id})).fetchone()
        projects, identities = row or (0, 0)
        return {"projects": projects, "identities": identities}

    async def remove(self, domain_id: DomainId) -> None:
        """Forget an empty Domain."""
        async with self._database.connection() as connection:
            await connection.execute(REMOVE, [domain_id])


def _fields(domain: Domain) -> tuple[Any, ...]:
    return (
        domain.name,
        domain.description,
        domain.region,
        domain.mesh_range.network,
        domain.reachability.heartbeat_interval,
        domain.accept_nsk_bearer,
        domain.log_denied,
        domain.updated_at,
    )


def _domain(*row: Any) -> Domain:
    domain_id, slug, name, description, region, mesh_cidr, interval, *said, created_at, updated_at = row
    accept_nsk, log_denied = said
    return Domain(
        id=DomainId(domain_id),
        slug=slug,
        name=name,
        mesh_range=MeshRange(mesh_cidr),
        created_at=created_at,
        updated_at=updated_at,
        description=description,
        region=region,
        reachability=ReachabilityPolicy(interval),
        accept_nsk_bearer=accept_nsk,
        log_denied=log_denied,
    )
