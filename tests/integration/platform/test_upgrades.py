"""Migrations that versions share: what is held back, what is refused, and who waits for whom (decision 0036)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, LiteralString

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from plexsphere.composition import boot
from plexsphere.composition.boot import require_schema
from plexsphere.platform.db.migrator import (
    ExpansionTooSlow,
    OlderProcessesServe,
    TablesBusy,
    migrate,
    roll_back,
)
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.db.schema import KnownSchema, MigrationUnreadable
from plexsphere.platform.db.schema_state import SchemaBeyond, schema_state
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.control_plane import free_port, settings_for
from tests.support.newer_version import EXPANDED, core_with, number_after
from tests.support.postgres import TestServer
from tests.support.tables import rows

pytestmark = pytest.mark.postgres

NEXT: Final = f"{number_after(1):04}_planted"
LATER: Final = f"{number_after(2):04}_planted"
LAST: Final = f"{number_after(3):04}_planted"
CONTRACTED: Final = (
    f"-- Planted.\n-- phase: contract\n-- floor: {number_after(1):04}\n\nDROP TABLE node_drift;"
)
MORE: Final = "-- Planted.\n-- phase: expand\n\nCREATE TABLE planted_more (id integer PRIMARY KEY);"
BESIDE: Final = """-- Planted.
-- phase: expand
-- transactional: false

DROP INDEX CONCURRENTLY IF EXISTS planted_index;
CREATE INDEX CONCURRENTLY planted_index ON nodes (name);
"""
SLOW: Final = (
    "-- Planted.\n-- phase: expand\n\nCREATE TABLE planted_slowly (id integer); SELECT pg_sleep({seconds});"
)
FLOORS: Final = "SELECT migration, floor FROM schema_floors"
OURS: Final = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
MOVED: Final = "SELECT to_regclass('node_drift') IS NULL, to_regclass('planted_more') IS NOT NULL"


def noted(dsn: Secret[str]) -> set[str]:
    """The migrations that the database remembers."""
    return {str(row[0]) for row in rows(dsn, "SELECT migration_id FROM _yoyo_migration")}


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """An expansion, a contraction that needs it, and another expansion."""
    return core_with(tmp_path / "newer", **{NEXT: EXPANDED, LATER: CONTRACTED, LAST: MORE})


@asynccontextmanager
async def connected(dsn: Secret[str], name: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Hold a session of such a name."""
    async with await psycopg.AsyncConnection.connect(
        dsn.reveal(), application_name=name, autocommit=True, options="-c search_path=plexsphere"
    ) as connection:
        yield connection


async def test_contractions_are_held_back_until_told_and_expansions_behind_them_are_not(
    database: Secret[str], newer: Path
) -> None:
    first = await migrate(database, folder=newer)
    between = await schema_state(database, KnownSchema.of(newer))
    second = await migrate(database, folder=newer, contract=True)

    assert (first, second) == ([NEXT, LAST], [LATER])
    assert [each.id for each in between.held_back] == [LATER]
    assert between.lacking == []
    assert rows(database, MOVED) == [(True, True)]
    assert rows(database, FLOORS) == [(LATER, number_after(1))]


async def test_a_database_with_nothing_in_it_gets_everything_at_once(
    empty_database: Secret[str], newer: Path
) -> None:
    """Nobody can be broken there; and older versions are kept out as after any contraction."""
    applied = await migrate(empty_database, folder=newer)

    assert applied == [each.id for each in KnownSchema.of(newer).migrations]
    with pytest.raises(SchemaBeyond):
        await require_schema(empty_database)


async def test_an_older_version_starts_on_an_expanded_database_and_is_refused_on_a_contracted_one(
    database: Secret[str], newer: Path
) -> None:
    await migrate(database, folder=newer)
    await require_schema(database)
    await migrate(database, folder=newer, contract=True)

    with pytest.raises(SchemaBeyond, match=f"needs schema {number_after(1):04}"):
        await require_schema(database)


@pytest.mark.parametrize("name", [f"plexsphere/{number_after(0):04}", "web plexsphere/0001", ""])
async def test_a_contraction_is_refused_while_an_older_process_is_connected(
    database: Secret[str], newer: Path, name: str
) -> None:
    """Nothing is taken away then, and the floor stays, so that the older version may also start again."""
    async with connected(database, name):
        with pytest.raises(OlderProcessesServe, match="are connected; stop them"):
            await migrate(database, folder=newer, contract=True)

    assert LATER not in noted(database)
    assert rows(database, FLOORS) == []
    await require_schema(database)


async def test_a_contraction_is_refused_while_an_older_process_of_another_role_is_connected(
    postgres_server: "TestServer", database: Secret[str], newer: Path
) -> None:
    """Of what others do little may be read; what their sessions are called may."""
    name = conninfo_to_dict(database.reveal())["dbname"]
    other = make_conninfo(postgres_server.postgres.superuser_dsn.reveal(), dbname=name)
    async with connected(Secret(other), f"plexsphere/{number_after(0):04}"):
        with pytest.raises(OlderProcessesServe, match="are connected; stop them"):
            await migrate(database, folder=newer, contract=True)

    assert LATER not in noted(database)


async def test_a_contraction_that_fails_keeps_nobody_out(database: Secret[str], tmp_path: Path) -> None:
    """Whatever it fails with: an older version may start again."""
    failing = CONTRACTED.replace("node_drift", "nothing_of_the_kind")
    folder = core_with(tmp_path / "newer", **{NEXT: EXPANDED, LATER: failing})

    with pytest.raises(psycopg.errors.UndefinedTable):
        await migrate(database, folder=folder, contract=True)

    assert rows(database, FLOORS) == []
    await require_schema(database)


async def test_a_process_that_boots_while_somebody_contracts_looks_once_more_behind_opening_its_sessions(
    database: Secret[str], newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its first look and its sessions nobody sees it, and it sees nothing."""

    async def contracted_behind(dsn: Secret[str]) -> None:
        await require_schema(dsn)
        await migrate(dsn, folder=newer, contract=True)

    monkeypatch.setattr(boot, "require_schema", contracted_behind)

    with pytest.raises(SchemaBeyond):
        async with boot.connected(settings_for(database, free_port())):
            raise AssertionError("it serves")


@pytest.mark.parametrize("name", [f"plexsphere/{number_after(1):04}", "psql", "plexsphere migrate"])
async def test_whoever_is_new_enough_or_no_process_of_ours_keeps_no_contraction_back(
    database: Secret[str], newer: Path, name: str
) -> None:
    async with connected(database, name):
        assert await migrate(database, folder=newer, contract=True) == [NEXT, LATER, LAST]


async def test_a_session_says_the_schema_of_its_process_after_the_operators_own_name(
    database: Secret[str],
) -> None:
    for given in ("", "web", "w" * 80):
        dsn = psycopg.conninfo.make_conninfo(database.reveal(), application_name=given)
        async with await psycopg.AsyncConnection.connect(session_conninfo(Secret(dsn))) as connection:
            row = await (await connection.execute(OURS)).fetchone()

        assert row is not None
        assert row[0] == f"{given[:40]} plexsphere/{number_after(0):04}".strip()


async def test_a_migration_never_queues_for_long_in_front_of_others(
    database: Secret[str], newer: Path
) -> None:
    """While a long transaction holds a table, a migration asks again and again, and readers pass between."""
    waits: list[str] = []
    async with connected(database, "psql") as holder, connected(database, "psql") as reader:
        async with holder.transaction():
            await holder.execute("SELECT count(*) FROM nodes")
            migrating = asyncio.create_task(migrate(database, folder=newer, told=waits.append))
            await reader.execute("SET lock_timeout = '3s'")
            while len(waits) < 2:
                await reader.execute("SELECT count(*) FROM nodes")
                await asyncio.sleep(0.01)
        applied = await migrating

    assert waits[0] == f"{NEXT} waits for its tables"
    assert applied == [NEXT, LAST]


async def test_a_table_that_is_held_all_the_time_is_said_to_be_and_nothing_is_applied(
    database: Secret[str], newer: Path
) -> None:
    async with connected(database, "psql") as holder, holder.transaction():
        await holder.execute("SELECT count(*) FROM event_log")
        with pytest.raises(TablesBusy, match="long transaction"):
            await migrate(database, folder=newer, patience_seconds=0)

    assert noted(database) & {NEXT, LAST} == set()
    assert rows(database, "SELECT to_regclass('planted_things')") == [(None,)]


async def test_a_contraction_that_gets_no_table_lets_older_versions_start_again(
    database: Secret[str], newer: Path
) -> None:
    await migrate(database, folder=newer)
    async with connected(database, "psql") as holder, holder.transaction():
        await holder.execute("SELECT count(*) FROM node_drift")
        with pytest.raises(TablesBusy):
            await migrate(database, folder=newer, contract=True, patience_seconds=0)

    await require_schema(database)


async def test_an_index_is_built_beside_those_who_write(database: Secret[str], tmp_path: Path) -> None:
    """What a broken attempt left is swept away first."""
    folder = core_with(tmp_path / "newer", **{NEXT: BESIDE})
    async with connected(database, "psql") as connection:
        await connection.execute("CREATE INDEX planted_index ON nodes (hostname)")

    assert await migrate(database, folder=folder) == [NEXT]
    [(made,)] = rows(database, "SELECT indexdef FROM pg_indexes WHERE indexname = 'planted_index'")
    assert made.endswith("(name)")


async def test_an_expansion_that_takes_long_is_broken_off(database: Secret[str], tmp_path: Path) -> None:
    folder = core_with(tmp_path / "newer", **{NEXT: SLOW.format(seconds=30)})

    with pytest.raises(ExpansionTooSlow, match="more than 5 s"):
        await migrate(database, folder=folder)

    assert NEXT not in noted(database)


END: Final[LiteralString] = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'plexsphere migrate' AND query LIKE '%pg_sleep%'
"""


def end_the_migration(database: Secret[str]) -> None:
    """End its session once it is in the middle."""
    while not rows(database, END):
        time.sleep(0.01)


async def test_who_is_killed_in_the_middle_of_a_migration_leaves_nothing_half_done(
    database: Secret[str], tmp_path: Path
) -> None:
    """A migration and the note of it are one transaction."""
    folder = core_with(tmp_path / "newer", **{NEXT: SLOW.format(seconds=2)})
    migrating = asyncio.create_task(migrate(database, folder=folder))
    await asyncio.to_thread(end_the_migration, database)
    with pytest.raises(StoreUnavailable):
        await migrating

    assert rows(database, "SELECT to_regclass('planted_slowly')") == [(None,)]
    assert await migrate(database, folder=folder) == [NEXT]


async def test_a_contraction_taken_back_lets_older_versions_start_again(
    database: Secret[str], tmp_path: Path
) -> None:
    folder = core_with(tmp_path / "newer", **{NEXT: EXPANDED, LATER: CONTRACTED})
    (folder / f"{LATER}.rollback.sql").write_text("CREATE TABLE node_drift ();")
    (folder / f"{NEXT}.rollback.sql").write_text("DO $$ BEGIN RAISE feature_not_supported; END $$;")
    await migrate(database, folder=folder, contract=True)

    with pytest.raises(psycopg.errors.FeatureNotSupported):
        await roll_back(database, folder=folder)

    await require_schema(database)


async def test_who_is_connected_and_what_is_lacking_is_read_without_a_turn(
    empty_database: Secret[str], newer: Path
) -> None:
    """A process that starts while somebody migrates waits for nobody."""
    schema = KnownSchema.of(newer)
    nothing = await schema_state(empty_database, schema)
    await migrate(empty_database, folder=newer)
    async with (
        connected(empty_database, "plexsphere migrate") as turn,
        connected(empty_database, "a plexsphere/0003"),
    ):
        await turn.execute("SELECT pg_advisory_lock(%s)", [0x706C6578])
        everything = await schema_state(empty_database, schema)

    assert len(nothing.lacking) == len(schema.migrations) - 1
    assert (everything.lacking, everything.held_back, everything.connected) == ([], [], {3: 1})
    assert everything.floor == number_after(1)


def test_a_migration_without_a_header_is_not_even_read(tmp_path: Path) -> None:
    folder = core_with(tmp_path / "newer", **{NEXT: "CREATE TABLE planted (id integer);"})

    with pytest.raises(MigrationUnreadable, match=NEXT):
        KnownSchema.of(folder)
