"""The sealed self-check in PostgreSQL."""

from typing import Final

from plexsphere.platform.db.database import Database

KEEP_FIRST: Final = """
    INSERT INTO sealed_checks (purpose, sealed) VALUES (%s, %s) ON CONFLICT (purpose) DO NOTHING
"""
KEPT: Final = "SELECT sealed FROM sealed_checks WHERE purpose = %s"


class PostgresSealedChecks:
    """One sealed value per purpose."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(self, purpose: str, sealed: bytes) -> bytes:
        """Keep the value unless there is one already; return the one that is kept."""
        async with self._database.connection() as connection:
            await connection.execute(KEEP_FIRST, [purpose, sealed])
            rows = await (await connection.execute(KEPT, [purpose])).fetchall()
        return bytes(rows[0][0])
