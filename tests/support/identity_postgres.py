"""The real collections of identity over one test database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from plexsphere.identity.adapters.postgres.api_tokens import PostgresApiTokens
from plexsphere.identity.adapters.postgres.bootstrap_tokens import PostgresBootstrapTokens
from plexsphere.identity.adapters.postgres.credential_epochs import PostgresCredentialEpochs
from plexsphere.identity.adapters.postgres.domains import PostgresDomains
from plexsphere.identity.adapters.postgres.node_identities import PostgresNodeIdentities
from plexsphere.identity.adapters.postgres.principals import PostgresPrincipals
from plexsphere.identity.adapters.postgres.projects import PostgresProjects
from plexsphere.identity.adapters.postgres.sealed_checks import PostgresSealedChecks
from plexsphere.identity.adapters.postgres.signing_keys import PostgresSigningKeys
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity import Kit

# Nobody can turn the server's clock; every stored time moves back instead.
AGE: Final = (
    """
    UPDATE bootstrap_tokens SET issued_at = issued_at - %(by)s, expires_at = expires_at - %(by)s,
        consumed_at = consumed_at - %(by)s, revoked_at = revoked_at - %(by)s
    """,
    """
    UPDATE api_tokens SET created_at = created_at - %(by)s, expires_at = expires_at - %(by)s,
        last_used_at = last_used_at - %(by)s, rotated_at = rotated_at - %(by)s
    """,
    "UPDATE signing_keys SET transition_expires = transition_expires - %(by)s",
)


def postgres_kit(database: Database) -> Kit:
    """Return the real adapters over one database."""

    async def let_time_pass(seconds: float) -> None:
        async with database.connection() as connection:
            for statement in AGE:
                await connection.execute(statement, {"by": timedelta(seconds=seconds)})

    return Kit(
        unit_of_work=database,
        domains=PostgresDomains(database),
        projects=PostgresProjects(database),
        principals=PostgresPrincipals(database),
        api_tokens=PostgresApiTokens(database),
        bootstrap_tokens=PostgresBootstrapTokens(database),
        node_identities=PostgresNodeIdentities(database),
        credential_epochs=PostgresCredentialEpochs(database, database),
        signing_keys=PostgresSigningKeys(database),
        sealed_checks=PostgresSealedChecks(database),
        let_time_pass=let_time_pass,
    )


@asynccontextmanager
async def lent_database(dsn: Secret[str], size: int = 8) -> AsyncGenerator[Database]:
    """Lend a database with an open pool."""
    pool = build_pool(dsn, size)
    await pool.open()
    try:
        yield Database(pool)
    finally:
        await pool.close()


@asynccontextmanager
async def lent_kit(dsn: Secret[str]) -> AsyncGenerator[Kit]:
    """Lend the real adapters."""
    async with lent_database(dsn) as database:
        yield postgres_kit(database)
