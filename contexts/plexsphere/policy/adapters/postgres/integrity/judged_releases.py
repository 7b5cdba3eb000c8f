"""Releases that binaries were compared with, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.policy.adapters.postgres.integrity.binaries import binary_of
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.integrity.binaries import NodeBinary
from plexsphere.policy.ports.integrity.judged_releases import DueRelease

BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"

DUE: Final = """
SELECT version, now()
FROM (SELECT version, max(created_at) AS newest FROM plexd_artifacts GROUP BY version) AS released
LEFT JOIN judged_releases USING (version)
WHERE judged_at IS NULL OR judged_at < newest + interval '1 minute'
ORDER BY judged_at NULLS FIRST, version LIMIT %s
"""
# No release has a longer version, and the index leaves longer ones out.
RUNNING: Final = """
SELECT domain_id, project_id, node_id, binary_version, binary_checksum, announced_checksum FROM node_announcements
WHERE binary_version = %(version)s AND octet_length(binary_version) <= 64
  AND (domain_id, node_id) > (%(domain)s, %(node)s)
ORDER BY domain_id, node_id LIMIT %(limit)s FOR NO KEY UPDATE
"""
MARK: Final = """
INSERT INTO judged_releases (version, judged_at) VALUES (%s, %s)
ON CONFLICT (version) DO UPDATE SET judged_at = greatest(judged_releases.judged_at, excluded.judged_at)
"""


@dataclass(frozen=True, slots=True)
class PostgresJudgedReleases:
    """Answers the port `JudgedReleases`."""

    database: Database

    async def due(self, limit: int, /) -> Sequence[DueRelease]:
        """Compare the marks with what was released."""
        async with self.database.connection() as connection:
            rows = await (await connection.execute(DUE, [limit])).fetchall()
        return [DueRelease(version, at) for version, at in rows]

    async def running(self, version: str, after: NodePlace | None, limit: int, /) -> Sequence[NodeBinary]:
        """Lock in the order of the index over versions."""
        given = {
            "version": version,
            "domain": after.domain_id if after else BEFORE_ALL,
            "node": after.node_id if after else BEFORE_ALL,
            "limit": limit,
        }
        async with self.database.connection() as connection:
            rows = await (await connection.execute(RUNNING, given)).fetchall()
        return list(map(binary_of, rows))

    async def mark(self, judged: DueRelease, /) -> None:
        """Keep the later one of two marks."""
        async with self.database.connection() as connection:
            await connection.execute(MARK, [judged.version, judged.at])
