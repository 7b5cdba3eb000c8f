"""The connection pool, every wait bounded (design D6)."""

import asyncio
import select
from collections.abc import Mapping
from typing import Final

from psycopg import AsyncConnection, Error, conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from plexsphere.platform.db.schema import shipped
from plexsphere.platform.kernel.secret import Secret

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

WAIT_SECONDS: Final = 1.0
MAX_WAITING: Final = 512
STATEMENT_TIMEOUT_MS: Final = 15_000
LOCK_TIMEOUT_MS: Final = 5_000
IDLE_IN_TRANSACTION_MS: Final = 30_000
# After this the pool stops trying for a connection until somebody asks again. Its own pauses double each time: with
# its default of five minutes a database that is back would be left alone for up to two.
RECONNECT_SECONDS: Final = 1.0

SESSION: Final[Mapping[str, str]] = {
    "search_path": "plexsphere",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
    "timezone": "UTC",
}

# A peer that vanished without a word is noticed within 20 s: no statement timeout ends a wait for a dead machine.
NETWORK: Final = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


# The server cuts names of sessions at 63 bytes, and the end of ours must stay.
LONGEST_NAME: Final = 40


def session_conninfo(dsn: Secret[str]) -> str:
    """
    Return the connection string with our session settings added to its own options.

    The name of the session says for which schema this process was made, so that a contraction sees who is connected.
    """
    given = conninfo.conninfo_to_dict(dsn.reveal())
    settings = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    options = f"{given.get('options') or ''} {settings}".strip()
    name = application_name(str(given.get("application_name") or ""), shipped().level)
    return conninfo.make_conninfo(dsn.reveal(), options=options, application_name=name, **NETWORK)


def application_name(given: str, level: int) -> str:
    """Return the name of a process's sessions: the operator's own words, and the process's schema."""
    return f"{given[:LONGEST_NAME]} plexsphere/{level:04}".strip()


def build_pool(dsn: Secret[str], size: int) -> Pool:
    """Return a closed pool of at most `size` connections; whoever owns the process opens and closes it."""
    return AsyncConnectionPool(
        session_conninfo(dsn),
        min_size=min(2, size),
        max_size=size,
        open=False,
        kwargs={"autocommit": True},
        timeout=WAIT_SECONDS,
        max_waiting=MAX_WAITING,
        reconnect_timeout=RECONNECT_SECONDS,
        name="plexsphere",
    )


async def usable_connection(pool: Pool) -> AsyncConnection[TupleRow]:
    """
    Take a connection that the server did not end meanwhile; whoever takes it puts it back.

    Raises:
        PoolTimeout, TooManyRequests, PoolClosed: there is none to be had.
    """
    while True:
        connection = await _taken(pool)
        try:
            if await _is_usable(connection):
                return connection
        except BaseException:
            await pool.putconn(connection)
            raise
        await pool.putconn(connection)


async def _taken(pool: Pool) -> AsyncConnection[TupleRow]:
    # The pool waits with asyncio.wait_for, which in Python 3.11 drops a cancellation that meets a result. A loop that
    # is told to end in the moment in which the database is back would go on, and the process never end.
    task = asyncio.current_task()
    asked = task.cancelling() if task else 0
    connection = await pool.getconn()
    if task and task.cancelling() > asked:
        await pool.putconn(connection)
        raise asyncio.CancelledError
    return connection


async def _is_usable(connection: AsyncConnection[TupleRow]) -> bool:
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if not poll.poll(0):
        return True
    # A server that says something on an idle connection mostly says farewell; only then this costs a round trip.
    try:
        await connection.execute("")
    except Error:
        return False
    return True
