"""Migrations against a real PostgreSQL: up, down as far as it goes, up again, and by many at once."""

import asyncio
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plexsphere.platform.db.migrator import migrate, roll_back
from plexsphere.platform.db.schema import CORE
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

IRREVERSIBLE = "0A000"
ATTACH = """
WITH domain AS (
    INSERT INTO domains (id, slug, name, mesh_cidr, created_at, updated_at)
    VALUES (gen_random_uuid(), 'acme', 'Acme', '10.100.0.0/16', now(), now()) RETURNING id
)
INSERT INTO domain_managed_push (
    domain_id, kubeconfig_ciphertext, kubeconfig_sha256, api_server_url, enabled, created_at, updated_at
) SELECT id, decode(repeat('00', 28), 'hex'), repeat('0', 64), 'https://cluster', true, now(), now() FROM domain
"""

RELEASE = """
WITH release AS (
    INSERT INTO plexd_releases (version, support_status) VALUES ('1.5.0', 'withdrawn') RETURNING version
)
INSERT INTO plexd_artifacts (version, os, arch, sha256, size, verdict)
SELECT version, 'linux', 'amd64', repeat('0', 64), 1, 'verified' FROM release
"""


def schema(dsn: Secret[str]) -> list[list[Any]]:
    with psycopg.connect(dsn.reveal(), autocommit=True) as connection:
        return [connection.execute(each).fetchall() for each in (COLUMNS, INDEXES, CHECKS)]


def reversible(place: Path) -> Path:
    """This version's migrations before the first that says it cannot be taken back."""
    files = {file.name: file.read_text() for file in CORE.iterdir() if file.name.endswith(".sql")}
    arms = [name for name, text in files.items() if name.endswith(".rollback.sql") and IRREVERSIBLE in text]
    for name in filter(lambda name: name < min(arms), files):
        (place / name).write_text(files[name])
    return place


async def test_what_goes_down_comes_up_the_same(empty_database: Secret[str], tmp_path: Path) -> None:
    folder = reversible(tmp_path)
    first = await migrate(empty_database, folder=folder)
    before = schema(empty_database)
    undone = await roll_back(empty_database, folder=folder)
    between = schema(empty_database)
    again = await migrate(empty_database, folder=folder)

    assert first == again == sorted(first)
    assert "0001_platform" in first
    assert undone == list(reversed(first))
    assert between != before
    assert schema(empty_database) == before


async def test_what_cannot_be_taken_back_says_so_and_everything_stays(empty_database: Secret[str]) -> None:
    """M19: the down arm of the managed-push tables is refused with SQLSTATE 0A000, and nothing is lost."""
    await migrate(empty_database)
    with psycopg.connect(empty_database.reveal(), autocommit=True) as connection:
        connection.execute(ATTACH)
        before = schema(empty_database)
        with pytest.raises(psycopg.errors.FeatureNotSupported) as refused:
            await roll_back(empty_database)
        await migrate(empty_database)

        assert refused.value.sqlstate == "0A000"
        assert schema(empty_database) == before
        assert connection.execute("SELECT count(*) FROM domain_managed_push").fetchone() == (1,)


async def test_what_was_released_is_not_taken_back(empty_database: Secret[str]) -> None:
    """M19: once a binary is released, the down arm of the artifacts' tables is refused with SQLSTATE 0A000."""
    await migrate(empty_database)
    with psycopg.connect(empty_database.reveal(), autocommit=True) as connection:
        connection.execute(RELEASE)
        before = schema(empty_database)
        with pytest.raises(psycopg.errors.FeatureNotSupported) as refused:
            await roll_back(empty_database)
        await migrate(empty_database)

        assert refused.value.sqlstate == "0A000"
        assert schema(empty_database) == before
        assert connection.execute("SELECT count(*) FROM plexd_artifacts").fetchone() == (1,)


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
