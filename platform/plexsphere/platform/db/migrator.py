"""Migrations: numbered SQL, forward and down, kept by yoyo."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import Any, Final

import psycopg
from psycopg import conninfo
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import MigrationList

from plexsphere.platform.db.faults import translated
from plexsphere.platform.kernel.secret import Secret

PACKAGE: Final = "plexsphere.migrations"
SCHEMA: Final = "plexsphere"
# Any constant will do: processes that migrate the same database at once take turns on it.
TURN: Final = 0x706C6578
CONNECT_SECONDS: Final = 10
PATIENCE: Final = "SET lock_timeout = '10min'"


async def migrate(dsn: Secret[str]) -> list[str]:
    """
    Bring the schema to the newest version and return the ids of the migrations that were applied.

    Raises:
        StoreUnavailable: the database is away, or somebody else migrates it for more than 10 minutes.
    """
    return await asyncio.to_thread(_migrate, dsn)


async def pending(dsn: Secret[str]) -> list[str]:
    """Return the ids of the migrations that the database lacks."""
    return await asyncio.to_thread(_pending, dsn)


async def roll_back(dsn: Secret[str]) -> list[str]:
    """
    Take back every migration, newest first, down to the last that can be taken back; return their ids.

    Raises:
        StoreUnavailable: as above.
        psycopg.errors.FeatureNotSupported: an irreversible migration stands in the way (SQLSTATE 0A000).
    """
    return await asyncio.to_thread(_roll_back, dsn)


def _migrate(dsn: Secret[str]) -> list[str]:
    with _turn(dsn) as backend, _migrations() as migrations:
        pending = backend.to_apply(migrations)
        backend.apply_migrations(pending)
        return [migration.id for migration in pending]


def _pending(dsn: Secret[str]) -> list[str]:
    with _turn(dsn) as backend, _migrations() as migrations:
        return [migration.id for migration in backend.to_apply(migrations)]


def _roll_back(dsn: Secret[str]) -> list[str]:
    with _turn(dsn) as backend, _migrations() as migrations:
        applied = backend.to_rollback(migrations)
        backend.rollback_migrations(applied)
        return [migration.id for migration in applied]


@contextmanager
def _migrations() -> Generator[MigrationList]:
    with as_file(files(PACKAGE) / "core") as folder:
        yield read_migrations(str(folder))


@contextmanager
def _turn(dsn: Secret[str]) -> Generator[PostgresqlPsycopgBackend]:
    # yoyo's own lock is a row, which a killed process leaves behind; this one dies with its connection.
    with (
        translated(),
        psycopg.connect(dsn.reveal(), autocommit=True, connect_timeout=CONNECT_SECONDS) as turn,
    ):
        turn.execute(PATIENCE)
        turn.execute("SELECT pg_advisory_lock(%s)", [TURN])
        turn.execute("CREATE SCHEMA IF NOT EXISTS plexsphere")
        backend = _backend(dsn)
        try:
            yield backend
        finally:
            backend.connection.close()


def _backend(dsn: Secret[str]) -> PostgresqlPsycopgBackend:
    given: dict[str, Any] = dict(conninfo.conninfo_to_dict(dsn.reveal()))
    named = {name: given.pop(name, None) for name in ("user", "password", "host", "port", "dbname")}
    uri = DatabaseURI(
        "postgresql+psycopg",
        named["user"],
        named["password"],
        named["host"],
        named["port"],
        named["dbname"],
        {**given, "schema": SCHEMA},
    )
    backend = PostgresqlPsycopgBackend(uri, "_yoyo_migration")
    backend.init_database()
    return backend
