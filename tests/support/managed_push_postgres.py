"""The real collections of managed push over one test database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from plexsphere.managed_push.adapters.aes_gcm_sealer import KeyRing
from plexsphere.managed_push.adapters.postgres.journal import PostgresJournal
from plexsphere.managed_push.adapters.postgres.records import PostgresRecords
from plexsphere.managed_push.adapters.postgres.sealed_pushes import SealedPushes
from plexsphere.managed_push.adapters.postgres.targets import PostgresTargets
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity_postgres import lent_database
from tests.support.managed_push import DOMAIN, OTHER_DOMAIN, RING, ManagedPushKit

MAKE_DOMAIN: Final = """
INSERT INTO domains (id, slug, name, mesh_cidr, created_at, updated_at)
VALUES (%(id)s, %(id)s::text, 'Acme', '10.100.0.0/16', now(), now())
"""
FORGET_DOMAIN: Final = "DELETE FROM domains WHERE id = %s"
# Nobody can turn the server's clock; every stored time moves back instead.
AGE: Final = """
UPDATE managed_push_intents SET created_at = created_at - %(by)s, captured_at = captured_at - %(by)s,
    leased_until = leased_until - %(by)s, left_alone_until = left_alone_until - %(by)s
"""


def postgres_managed_push(database: Database, ring: KeyRing = RING) -> ManagedPushKit:
    """Return the real adapters over one database."""

    async def forget_domain(domain_id: DomainId) -> None:
        async with database.connection() as connection:
            await connection.execute(FORGET_DOMAIN, [domain_id])

    async def let_time_pass(seconds: float) -> None:
        async with database.connection() as connection:
            await connection.execute(AGE, {"by": timedelta(seconds=seconds)})

    return ManagedPushKit(
        unit_of_work=database,
        targets=PostgresTargets(database),
        records=PostgresRecords(database, SealedPushes.of_trail(ring)),
        journal=PostgresJournal(database, SealedPushes.of_journal(ring)),
        forget_domain=forget_domain,
        let_time_pass=let_time_pass,
    )


async def make_domains(database: Database) -> None:
    """Let the Domains of the tests exist."""
    async with database.connection() as connection:
        for domain_id in (DOMAIN, OTHER_DOMAIN):
            await connection.execute(MAKE_DOMAIN, {"id": domain_id})


@asynccontextmanager
async def lent_managed_push(dsn: Secret[str], ring: KeyRing = RING) -> AsyncGenerator[ManagedPushKit]:
    """Lend the real adapters, with the Domains of the tests."""
    async with lent_database(dsn) as database:
        await make_domains(database)
        yield postgres_managed_push(database, ring)
