"""NOTIFY as if it were dead: whoever listens is cut off again and again, and only polling is left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import psycopg
from psycopg import AsyncConnection

from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret

SILENCE_THE_BELL: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND (query LIKE 'LISTEN %' OR query LIKE 'SELECT pg_notify%')
"""


@asynccontextmanager
async def silent_bell(dsn: Secret[str]) -> AsyncIterator[None]:
    """Keep the bell silent from shortly before the block until it ends."""

    async def silence() -> None:
        async with await AsyncConnection.connect(session_conninfo(dsn), autocommit=True) as connection:
            while True:
                await connection.execute(SILENCE_THE_BELL)
                await asyncio.sleep(0.02)

    task = asyncio.create_task(silence())
    try:
        await asyncio.sleep(1)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, psycopg.Error):
            await task
