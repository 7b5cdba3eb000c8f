"""Signing keys in PostgreSQL."""

from typing import Any, Final

from plexsphere.identity.domain.signing_key import SigningKey
from plexsphere.platform.db.database import Database

ADD_CURRENT: Final = """
    INSERT INTO signing_keys (id, public_key, private_sealed, status, created_at, transition_expires)
    VALUES (%s, %s, %s, 'current', %s, %s)
    ON CONFLICT (status) WHERE status = 'current' DO NOTHING
"""
CURRENT: Final = """
    SELECT id, public_key, private_sealed, created_at, transition_expires
    FROM signing_keys WHERE status = 'current'
"""
PREVIOUS: Final = """
    SELECT id, public_key, private_sealed, created_at, transition_expires
    FROM signing_keys WHERE status = 'previous' AND transition_expires > clock_timestamp()
    ORDER BY transition_expires DESC LIMIT 1
"""


class PostgresSigningKeys:
    """The deployment's signing keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_current(self, key: SigningKey) -> bool:
        """Keep the key as the current one, unless there is one already; say whether it was kept."""
        row = (key.id, key.public_key, key.seed_sealed, key.created_at, key.transition_expires)
        async with self._database.connection() as connection:
            return (await connection.execute(ADD_CURRENT, row)).rowcount == 1

    async def current(self) -> SigningKey | None:
        """Return the current key, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(CURRENT)).fetchone()
        return None if row is None else _key(*row)

    async def previous(self) -> SigningKey | None:
        """Return the previous key while its transition lasts, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(PREVIOUS)).fetchone()
        return None if row is None else _key(*row)


def _key(*row: Any) -> SigningKey:
    return SigningKey(*row)
