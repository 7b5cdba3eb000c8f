"""What one open unit of work carries."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from psycopg import AsyncConnection, OperationalError, errors
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from plexsphere.platform.db.outcome import NOTE, Written

LOG: Final = logging.getLogger("plexsphere.database")

Connection = AsyncConnection[TupleRow]
Flush = Callable[[Connection, list[Any]], Awaitable[None]]


class Transaction:
    """A connection with an open transaction, and what its commit must still do; it belongs to one task."""

    def __init__(self, connection: Connection, *, is_snapshot: bool = False) -> None:
        self.connection: Final = connection
        self.is_snapshot: Final = is_snapshot
        self.is_over = False
        self.is_committing = False
        self.written: Written | None = None
        self._owner: Final = asyncio.current_task()
        self._pending: Final[dict[Flush, list[Any]]] = {}
        self._after: Final[list[Callable[[], None]]] = []

    @property
    def is_ours(self) -> bool:
        """Tell whether the running task is the one that opened this."""
        return self._owner is asyncio.current_task()

    def at_commit(self, flush: Flush, items: list[Any]) -> None:
        """Let `flush` write the items, with all others it was given, as the last statements before the commit."""
        self._pending.setdefault(flush, []).extend(items)

    def after_commit(self, call: Callable[[], None]) -> None:
        """
        Call once the commit is certain; never after a rollback.

        A hint only: a process that dies, or a caller that is cancelled while it commits, makes no calls.
        """
        self._after.append(call)

    async def flush(self) -> None:
        """
        Write everything that was kept for the commit, and note what such a commit will be known by.

        Raises:
            psycopg.Error: also where an earlier statement failed, or the connection ended, and that was passed over:
                the commit would do nothing then, and say nothing.
        """
        self._require_sound()
        for flush, items in self._pending.items():
            await flush(self.connection, items)
        if self._pending:
            self.written = Written.of(await (await self.connection.execute(NOTE)).fetchone())
        self.is_committing = True

    def _require_sound(self) -> None:
        if self.connection.closed:
            raise OperationalError("the connection ended inside the unit of work")
        if self.connection.info.transaction_status is TransactionStatus.INERROR:
            raise errors.InFailedSqlTransaction("a statement of the unit of work failed")

    def committed(self) -> None:
        """Make the calls that waited for the commit; one that fails cannot undo it, nor keep others from theirs."""
        for call in self._after:
            try:
                call()
            except Exception:
                LOG.exception("a call after the commit failed")
