"""Whoever waits for a connection and is told to end does end."""

import asyncio
from typing import Any

import pytest

from plexsphere.platform.db.pool import usable_connection


class PoolOfOne:
    """Waits as psycopg's pool does, and counts what is given back."""

    def __init__(self) -> None:
        self.is_free = asyncio.Event()
        self.given_back = 0

    async def getconn(self) -> object:
        await asyncio.wait_for(self.is_free.wait(), 10)
        return object()

    async def putconn(self, connection: object) -> None:
        self.given_back += 1


async def test_a_cancellation_that_meets_a_connection_is_not_lost() -> None:
    """H18: a loop that ends in the moment in which the database is back ends, and gives back what it was handed."""
    pool: Any = PoolOfOne()
    waiting = asyncio.create_task(usable_connection(pool))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    pool.is_free.set()
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool.given_back <= 1
