"""What is known of releases, over one test database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.artifacts.known_good import PostgresKnownGood
from plexsphere.policy.adapters.postgres.artifacts.upgrade_checksums import PostgresUpgradeChecksums
from plexsphere.policy.ports.artifacts.machines import Machine
from tests.support.artifacts import ReleaseKit
from tests.support.identity_postgres import lent_database

RELEASE: Final = """
WITH release AS (
    INSERT INTO plexd_releases (version, support_status) VALUES (%(version)s, 'supported')
    ON CONFLICT (version) DO NOTHING
)
INSERT INTO plexd_artifacts (version, os, arch, sha256, size, verdict)
VALUES (%(version)s, %(os)s, %(arch)s, %(digest)s, 1, 'unverified')
"""
WITHDRAW: Final = "UPDATE plexd_releases SET support_status = 'withdrawn' WHERE version = %s"


@asynccontextmanager
async def lent_releases(dsn: Secret[str]) -> AsyncGenerator[ReleaseKit]:
    """Lend the real adapters."""
    async with lent_database(dsn) as database:
        yield postgres_releases(database)


def postgres_releases(database: Database) -> ReleaseKit:
    """Return the real adapters over one database."""

    async def release(version: str, machine: Machine, digest: str) -> None:
        given = {"version": version, "os": machine.os, "arch": machine.arch, "digest": digest}
        async with database.connection() as connection:
            await connection.execute(RELEASE, given)

    async def withdraw(version: str) -> None:
        async with database.connection() as connection:
            await connection.execute(WITHDRAW, [version])

    return ReleaseKit(
        PostgresKnownGood(database),
        lambda machines: PostgresUpgradeChecksums(database, machines),
        release,
        withdraw,
    )
