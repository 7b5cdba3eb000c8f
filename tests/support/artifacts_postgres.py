"""What is known of releases, over one test database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.artifacts.known_good import PostgresKnownGood
from plexsphere.policy.adapters.postgres.artifacts.releases import PostgresReleases
from plexsphere.policy.adapters.postgres.artifacts.upgrade_checksums import PostgresUpgradeChecksums
from tests.support.artifacts import ReleaseKit
from tests.support.identity_postgres import lent_database


def postgres_releases(database: Database) -> ReleaseKit:
    """Return the real adapters over one database."""
    return ReleaseKit(
        database,
        PostgresReleases(database),
        PostgresKnownGood(database),
        lambda machines: PostgresUpgradeChecksums(database, machines),
    )


@asynccontextmanager
async def lent_releases(dsn: Secret[str]) -> AsyncGenerator[ReleaseKit]:
    """Lend the real adapters."""
    async with lent_database(dsn) as database:
        yield postgres_releases(database)
