"""The self-check of managed push's wrap key in PostgreSQL."""

from dataclasses import dataclass
from typing import Final

from plexsphere.platform.db.database import Database

PURPOSE: Final = "managed-push"
KEEP_FIRST: Final = """
INSERT INTO sealed_checks (purpose, sealed) VALUES (%s, %s) ON CONFLICT (purpose) DO NOTHING
"""
KEPT: Final = "SELECT sealed FROM sealed_checks WHERE purpose = %s"


@dataclass(frozen=True, slots=True)
class PostgresSealedCheck:
    """Answers the port `SealedCheck`."""

    database: Database

    async def settle(self, sealed: bytes, /) -> bytes:
        """Insert; the primary key decides between processes that start at once."""
        async with self.database.connection() as connection:
            await connection.execute(KEEP_FIRST, [PURPOSE, sealed])
            rows = await (await connection.execute(KEPT, [PURPOSE])).fetchall()
        return bytes(rows[0][0])
