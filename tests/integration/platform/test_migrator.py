"""Migrations against a real PostgreSQL: up, down as far as it goes, up again, and by many at once."""

import asyncio
import time
from typing import Any

import psycopg
import pytest

from plexsphere.platform.db.migrator import migrate, roll_back
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

pytestmark = pytest.mark.postgres

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'plexsphere' AND table_name NOT LIKE '\\_yoyo%'
ORDER BY 1, 2
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'plexsphere' ORDER BY 1"
CHECKS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'plexsphere'::regnamespace ORDER BY 1, 2
"""


def schema(dsn: Secret[str]) -> list[list[Any]]:
    with psycopg.connect(dsn.reveal(), autocommit=True) as connection:
        return [connection.execute(each).fetchall() for each in (COLUMNS, INDEXES, CHECKS)]


async def down(dsn: Secret[str]) -> list[str]:
    """Go down as far as it goes; an irreversible migration says so with SQLSTATE 0A000 (M19)."""
    try:
        return await roll_back(dsn)
    except psycopg.errors.FeatureNotSupported:
        return []


async def test_what_goes_down_comes_up_the_same(empty_database: Secret[str]) -> None:
    first = await migrate(empty_database)
    before = schema(empty_database)
    undone = await down(empty_database)
    between = schema(empty_database)
    again = await migrate(empty_database)

    assert first == sorted(first)
    assert "0001_platform" in first
    assert between != before
    assert again == first[len(first) - len(again) :]
    assert undone in ([], list(reversed(again)))
    assert schema(empty_database) == before


async def test_a_second_migration_finds_nothing_to_do(empty_database: Secret[str]) -> None:
    await migrate(empty_database)

    assert await migrate(empty_database) == []


async def test_processes_that_migrate_at_once_take_turns(empty_database: Secret[str]) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))

    assert sorted(len(each) for each in applied)[:3] == [0, 0, 0]
    assert max(applied) == sorted(max(applied))


async def test_a_process_that_died_in_its_turn_keeps_nobody_out(empty_database: Secret[str]) -> None:
    """The turn ends with the connection of whoever held it."""
    migrating = asyncio.create_task(migrate(empty_database))
    await asyncio.to_thread(kill_one, empty_database)
    await asyncio.gather(migrating, return_exceptions=True)

    async with asyncio.timeout(30):
        await migrate(empty_database)
    assert await migrate(empty_database) == []


KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1
"""


def kill_one(dsn: Secret[str]) -> None:
    """End the first other session on the database."""
    with psycopg.connect(dsn.reveal(), autocommit=True) as killer:
        while killer.execute(KILL).fetchone() is None:
            time.sleep(0.01)


async def test_a_database_that_is_away_is_said_to_be() -> None:
    with pytest.raises(StoreUnavailable):
        await migrate(Secret("host=/nowhere dbname=plexsphere user=plexsphere"))
