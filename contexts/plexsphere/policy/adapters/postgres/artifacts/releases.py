"""Released artifacts in PostgreSQL; of the whole platform, so no table leads with a Domain."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from psycopg.rows import TupleRow

from plexsphere.platform.db.database import Database
from plexsphere.policy.adapters.postgres.artifacts.release_rows import artifact_of, release_of, values_of
from plexsphere.policy.domain.artifacts.artifact import (
    Artifact,
    ArtifactName,
    Release,
    SupportStatus,
)
from plexsphere.policy.domain.artifacts.errors import ReleasedOtherwise
from plexsphere.policy.ports.artifacts.releases import ReleasePage

# ruff: noqa: S608  # every statement is put together from constants of this file alone
# The release's row is locked from here on: whoever else releases under this version waits.
TOUCH: Final = """
INSERT INTO plexd_releases (version, support_status)
VALUES (%(version)s, coalesce(%(support_status)s, 'supported'))
ON CONFLICT (version) DO UPDATE SET
    support_status = coalesce(%(support_status)s, plexd_releases.support_status), updated_at = now()
"""
ADD: Final = """
INSERT INTO plexd_artifacts (version, os, arch, sha256, size, verdict)
VALUES (%(version)s, %(os)s, %(arch)s, %(sha256)s, %(size)s, %(verdict)s)
ON CONFLICT (version, os, arch) DO NOTHING
"""
CONFIRM: Final = """
UPDATE plexd_artifacts
SET verdict = CASE WHEN %(verdict)s = 'verified' THEN 'verified' ELSE verdict END
WHERE (version, os, arch, sha256) = (%(version)s, %(os)s, %(arch)s, %(sha256)s)
"""
SET_SUPPORT_STATUS: Final = """
UPDATE plexd_releases SET support_status = %s, updated_at = now() WHERE version = %s
"""
ARTIFACT: Final = (
    "artifact.version, artifact.os, artifact.arch, artifact.sha256, artifact.size, artifact.verdict"
)
RELEASE: Final = "release.support_status, release.created_at, release.updated_at"
BOTH: Final = f"""
SELECT {ARTIFACT}, {RELEASE}
FROM plexd_releases AS release JOIN plexd_artifacts AS artifact USING (version)
"""
GET: Final = f"{BOTH} WHERE version = %s ORDER BY artifact.os, artifact.arch"
PAGE: Final = f"""
{BOTH} WHERE version IN (SELECT version FROM plexd_releases WHERE version > %s ORDER BY version LIMIT %s)
ORDER BY version, artifact.os, artifact.arch
"""
FIND: Final = f"""
{BOTH} WHERE (version, artifact.os, artifact.arch) = (%s, %s, %s) AND release.support_status <> 'withdrawn'
"""
RELEASED_AMONG: Final = "SELECT DISTINCT sha256 FROM plexd_artifacts WHERE sha256 = ANY(%s)"
# Writers of the table wait; readers do not.
HOLD: Final = "LOCK TABLE plexd_artifacts IN SHARE ROW EXCLUSIVE MODE"


@dataclass(frozen=True, slots=True)
class PostgresReleases:
    """Answers the port `Releases`."""

    database: Database

    async def add(self, artifact: Artifact, support_status: SupportStatus | None, /) -> bool:
        """Lock the release, insert the binary, and else compare it with the one that is there."""
        values = values_of(artifact, support_status)
        await self._write(TOUCH, values)
        if await self._write(ADD, values):
            return True
        if not await self._write(CONFIRM, values):
            raise ReleasedOtherwise
        return False

    async def set_support_status(self, version: str, support_status: SupportStatus, /) -> bool:
        """Write the status."""
        return await self._write(SET_SUPPORT_STATUS, [support_status.value, version]) == 1

    async def get(self, version: str, /) -> Release | None:
        """Read the release with its binaries in one statement."""
        rows = await self._rows(GET, [version])
        return release_of(rows) if rows else None

    async def find(self, name: ArtifactName, /) -> Artifact | None:
        """Read by the primary key."""
        rows = await self._rows(FIND, [name.version, name.os, name.arch])
        return artifact_of(rows[0]) if rows else None

    async def page(self, after: str, limit: int, /) -> ReleasePage:
        """Read one release more than asked for, to know whether the page is the last."""
        rows = await self._rows(PAGE, [after, limit + 1])
        releases = [release_of(list(group)) for _, group in groupby(rows, key=lambda row: row[0])]
        return ReleasePage(tuple(releases[:limit]), len(releases) <= limit)

    async def released_among(self, digests: Collection[str], /) -> frozenset[str]:
        """Read by the index over contents."""
        return frozenset(row[0] for row in await self._rows(RELEASED_AMONG, [list(digests)]))

    async def hold(self) -> None:
        """Lock the table until the transaction ends."""
        await self._write(HOLD, [])

    async def _rows(self, statement: str, given: Sequence[Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchall()

    async def _write(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> int:
        async with self.database.connection() as connection:
            return (await connection.execute(statement, given)).rowcount
