"""The revocation counter in PostgreSQL."""

from collections.abc import Callable
from typing import Any, Final

from plexsphere.platform.db.database import Connection, Database

READ: Final = "SELECT epoch FROM credential_epochs WHERE id = 1"
RAISE: Final = "UPDATE credential_epochs SET epoch = epoch + 1 WHERE id = 1"


class PostgresCredentialEpochs:
    """
    One counter row.

    Every revocation of the deployment writes this row, so it is written as the last thing before the commit: its
    lock is held for one round trip, and no other lock is waited for while it is held.
    """

    def __init__(self, database: Database, reads: Database) -> None:
        """Raise with the units of work of `database`; read through `reads`, which no crowd of requests holds up."""
        self._database = database
        self._reads = reads
        self._followers: list[Callable[[], None]] = []

    async def read(self) -> int:
        """Return the counter."""
        async with self._reads.connection() as connection:
            rows = await (await connection.execute(READ)).fetchall()
        return int(rows[0][0])

    def raise_(self) -> None:
        """Raise the counter with the open unit of work."""
        transaction = self._database.transaction()
        transaction.at_commit(_raise, [None])
        transaction.after_commit(self._tell)

    def follow(self, call: Callable[[], None]) -> None:
        """Call after every raise of this process."""
        self._followers.append(call)

    def _tell(self) -> None:
        for call in self._followers:
            call()


async def _raise(connection: Connection, raises: list[Any]) -> None:
    await connection.execute(RAISE)
