"""The connection pool, every wait bounded (design D6)."""

from collections.abc import Mapping
from typing import Final

from psycopg import AsyncConnection, conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from plexsphere.platform.kernel.secret import Secret

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

WAIT_SECONDS: Final = 1.0
MAX_WAITING: Final = 512
STATEMENT_TIMEOUT_MS: Final = 15_000
LOCK_TIMEOUT_MS: Final = 5_000
IDLE_IN_TRANSACTION_MS: Final = 30_000

SESSION: Final[Mapping[str, str]] = {
    "search_path": "plexsphere",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
    "timezone": "UTC",
}


def session_conninfo(dsn: Secret[str]) -> str:
    """Return the connection string with our session settings added to its own options."""
    given = conninfo.conninfo_to_dict(dsn.reveal())
    settings = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    options = f"{given.get('options') or ''} {settings}".strip()
    return conninfo.make_conninfo(dsn.reveal(), options=options, connect_timeout=5)


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
        name="plexsphere",
    )
