"""How the process fares, for the meta surface."""

import asyncio
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from plexsphere.api.v1.meta.wiring import Check, HealthStatus, Version
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

ASK_SECONDS: Final = 2.0
DISTRIBUTION: Final = "plexsphere"


@dataclass(frozen=True, slots=True)
class ProcessHealth:
    """Answers the meta surface's port `Health`."""

    database: Database
    build: Version

    async def ready(self) -> HealthStatus:
        """Ask the database one question, for at most 2 s."""
        check = (
            Check("datastore", "ok", "answers")
            if await self._answers()
            else Check("datastore", "down", "away")
        )
        return HealthStatus(check.status, [check])

    def version(self) -> Version:
        return self.build

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ASK_SECONDS), self.database.connection() as connection:
                await connection.execute("SELECT 1")
        except (StoreUnavailable, TimeoutError):
            return False
        return True


def build_version() -> Version:
    """Return the version of the installed distribution."""
    return Version(version(DISTRIBUTION), "", "")
