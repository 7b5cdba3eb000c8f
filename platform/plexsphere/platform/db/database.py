"""The ambient unit of work on PostgreSQL."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Final

from psycopg import Error
from psycopg_pool import PoolTimeout

from plexsphere.platform.db.faults import is_away, translated
from plexsphere.platform.db.outcome import require_committed
from plexsphere.platform.db.pool import Pool, usable_connection
from plexsphere.platform.db.transaction import Connection, Transaction
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

__all__ = ["Connection", "Database", "Transaction"]

AT_ONE_INSTANT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class Database:
    """
    Hands out connections: the open unit of work's, or one for a single read.

    Calling it enters the unit of work (see `plexsphere.platform.kernel.unit_of_work.UnitOfWork`). A unit of work
    belongs to the task that opened it: a task started inside finds none once it is over, and is refused before.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._held = 0
        # One for each database: the transaction of one is no transaction of another.
        self._open: Final[ContextVar[Transaction | None]] = ContextVar("plexsphere_transaction", default=None)

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        if self._ambient() is not None:
            self.transaction()
            yield
            return
        is_lost = False
        with translated():
            async with self._pooled() as connection:
                transaction = Transaction(connection)
                try:
                    with self._opened(transaction):
                        async with connection.transaction():
                            yield
                            await transaction.flush()
                except Error as error:
                    is_lost = transaction.is_committing and is_away(error)
                    if not is_lost:
                        raise
        if is_lost:
            await require_committed(transaction.written, self._fetch)
        transaction.committed()

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Yield the open unit of work's connection, or one whose statements commit one by one."""
        transaction = self._ambient()
        if transaction is not None:
            yield transaction.connection
            return
        with translated():
            async with self._pooled() as connection:
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[None]:
        """
        Let every read inside see the database at one instant; nothing can be written or announced.

        Raises:
            RuntimeError: a unit of work is open: what it wrote would be missing here.
        """
        transaction = self._ambient()
        if transaction is not None:
            if not transaction.is_snapshot:
                raise RuntimeError("no snapshot is taken inside a unit of work")
            yield
            return
        with translated():
            async with self._pooled() as connection:
                with self._opened(Transaction(connection, is_snapshot=True)):
                    async with connection.transaction():
                        await connection.execute(AT_ONE_INSTANT)
                        yield

    def transaction(self) -> Transaction:
        """
        Return the open transaction.

        Raises:
            RuntimeError: no unit of work is open in this task, or a snapshot is, which writes nothing.
        """
        transaction = self._ambient()
        if transaction is None:
            raise RuntimeError("no unit of work is open in this task")
        if transaction.is_snapshot:
            raise RuntimeError("a snapshot writes nothing")
        return transaction

    def _ambient(self) -> Transaction | None:
        transaction = self._open.get()
        if transaction is None or transaction.is_over:
            return None
        if not transaction.is_ours:
            raise RuntimeError("a unit of work belongs to the task that opened it")
        return transaction

    @contextmanager
    def _opened(self, transaction: Transaction) -> Generator[None]:
        token = self._open.set(transaction)
        try:
            yield
        finally:
            transaction.is_over = True
            self._open.reset(token)

    @asynccontextmanager
    async def _pooled(self) -> AsyncGenerator[Connection]:
        connection = await self._taken()
        self._held += 1
        try:
            yield connection
        finally:
            self._held -= 1
            await self._pool.putconn(connection)

    async def _taken(self) -> Connection:
        try:
            return await usable_connection(self._pool)
        except PoolTimeout as error:
            if self._held < self._pool.max_size:
                # Not all are in use, and yet there is none to be had: they cannot be made.
                raise StoreUnavailable from error
            raise

    async def _fetch(self, statement: str, parameters: list[Any]) -> Any:
        async with self.connection() as connection:
            return await (await connection.execute(statement, parameters)).fetchone()
