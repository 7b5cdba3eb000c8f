"""The ambient unit of work on PostgreSQL."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from plexsphere.platform.db.faults import translated
from plexsphere.platform.db.pool import Pool

Connection = AsyncConnection[TupleRow]

AT_ONE_INSTANT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
Flush = Callable[[Connection, list[Any]], Awaitable[None]]


class Transaction:
    """What one open unit of work carries: its connection, and what its commit must still do."""

    def __init__(self, connection: Connection) -> None:
        self.connection: Final = connection
        self._pending: Final[dict[Flush, list[Any]]] = {}
        self._after: Final[list[Callable[[], None]]] = []

    def at_commit(self, flush: Flush, items: list[Any]) -> None:
        """Let `flush` write the items, with all others it was given, as the last statements before the commit."""
        self._pending.setdefault(flush, []).extend(items)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call once the commit is certain; never after a rollback."""
        self._after.append(call)

    async def flush(self) -> None:
        """Write everything that was kept for the commit."""
        for flush, items in self._pending.items():
            await flush(self.connection, items)

    def committed(self) -> None:
        """Make the calls that waited for the commit."""
        for call in self._after:
            call()


_OPEN: Final[ContextVar[Transaction | None]] = ContextVar("plexsphere_transaction", default=None)


class Database:
    """
    Hands out connections: the open unit of work's, or one for a single read.

    Calling it enters the unit of work (see `plexsphere.platform.kernel.unit_of_work.UnitOfWork`).
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        if _OPEN.get() is not None:
            yield
            return
        with translated():
            async with self._pool.connection() as connection:
                transaction = Transaction(connection)
                token = _OPEN.set(transaction)
                try:
                    async with connection.transaction():
                        yield
                        await transaction.flush()
                finally:
                    _OPEN.reset(token)
        transaction.committed()

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Yield the open unit of work's connection, or one whose statements commit one by one."""
        transaction = _OPEN.get()
        if transaction is not None:
            yield transaction.connection
            return
        with translated():
            async with self._pool.connection() as connection:
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[None]:
        """Let every read inside see the database at one instant; nothing can be written or announced."""
        with translated():
            async with self._pool.connection() as connection:
                token = _OPEN.set(Transaction(connection))
                try:
                    async with connection.transaction():
                        await connection.execute(AT_ONE_INSTANT)
                        yield
                finally:
                    _OPEN.reset(token)

    def transaction(self) -> Transaction:
        """
        Return the open transaction.

        Raises:
            RuntimeError: no unit of work is open in this task.
        """
        transaction = _OPEN.get()
        if transaction is None:
            raise RuntimeError("no unit of work is open in this task")
        return transaction
