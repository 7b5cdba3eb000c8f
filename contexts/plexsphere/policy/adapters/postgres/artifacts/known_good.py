"""Known-good checksums from the released artifacts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.db.database import Database

# A release that was withdrawn is as authentic as before: whoever still runs it was not tampered with.
OF_VERSION: Final = "SELECT sha256 FROM plexd_artifacts WHERE version = %s"
SUPPORTED_AMONG: Final = """
SELECT DISTINCT sha256 FROM plexd_artifacts JOIN plexd_releases USING (version)
WHERE sha256 = ANY(%s) AND support_status = 'supported'
"""


@dataclass(frozen=True, slots=True)
class PostgresKnownGood:
    """Answers the port `KnownGood`."""

    database: Database

    async def of(self, version: str, /) -> frozenset[str]:
        """Read by the primary key's first column."""
        if "\0" in version:
            return frozenset()
        return await self._digests(OF_VERSION, version)

    async def supported_among(self, digests: Collection[str], /) -> frozenset[str]:
        """Read by the index over contents."""
        return await self._digests(SUPPORTED_AMONG, [each for each in digests if "\0" not in each])

    async def _digests(self, statement: str, given: str | list[str]) -> frozenset[str]:
        async with self.database.connection() as connection:
            rows = await (await connection.execute(statement, [given])).fetchall()
        return frozenset(row[0] for row in rows)
