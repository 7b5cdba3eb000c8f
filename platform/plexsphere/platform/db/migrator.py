"""Migrations: numbered SQL, forward and down, kept by yoyo, applied while processes serve (decision 0036)."""

import asyncio
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import as_file
from importlib.resources.abc import Traversable
from typing import Any, Final

import psycopg
from psycopg import conninfo, errors
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration, MigrationList

from plexsphere.platform.db.faults import translated
from plexsphere.platform.db.schema import CORE, KnownMigration, KnownSchema, Phase
from plexsphere.platform.db.schema_state import CONNECTED
from plexsphere.platform.kernel.secret import Secret

SCHEMA: Final = "plexsphere"
NAME: Final = "plexsphere migrate"
# Any constant will do: processes that migrate the same database at once take turns on it.
TURN: Final = 0x706C6578
CONNECT_SECONDS: Final = 10
FOR_ITS_TURN: Final = "SET lock_timeout = '10min'"
# Whoever asks for a table behind a waiting migration waits as well. So it gives up soon, before PostgreSQL looks for
# deadlocks (1 s) and long before requests give up (5 s), lets them through, and asks again.
FOR_TABLES: Final = "SET LOCAL lock_timeout = '500ms'"
# What an expansion does to a table it does at once, or it is none.
FOR_EXPANSION: Final = "SET LOCAL statement_timeout = '5s'"
PAUSE_SECONDS: Final = (0.5, 1.5)
PATIENCE_SECONDS: Final = 120.0

RAISE_FLOOR: Final = """
INSERT INTO schema_floors (migration, floor) VALUES (%s, %s)
ON CONFLICT (migration) DO UPDATE SET floor = excluded.floor
"""
LOWER_FLOOR: Final = "DELETE FROM schema_floors WHERE migration = %s"


class MigrationNotApplied(Exception):
    """A migration cannot be applied now, and nothing of it is; the message says why and what to do."""


class TablesBusy(MigrationNotApplied):
    """Somebody held its tables for as long as it was tried."""

    def __init__(self, migration_id: str) -> None:
        super().__init__(
            f"{migration_id} is not applied: its tables were held all the time; "
            "end the long transaction (pg_stat_activity shows it), then run it again"
        )


class ExpansionTooSlow(MigrationNotApplied):
    """What should be done at once was not done in 5 s."""

    def __init__(self, migration_id: str) -> None:
        super().__init__(
            f"{migration_id} is not applied: a statement took more than 5 s; run it again at a calm hour"
        )


class OlderProcessesServe(MigrationNotApplied):
    """A contraction would take away what connected processes use."""

    def __init__(self, migration_id: str, levels: list[int]) -> None:
        named = ", ".join(f"schema {level:04}" if level else "an unnamed version" for level in levels)
        super().__init__(
            f"{migration_id} is not applied: processes of {named} are connected; stop them, then run it again"
        )


async def migrate(
    dsn: Secret[str],
    *,
    contract: bool = False,
    folder: Traversable = CORE,
    patience_seconds: float = PATIENCE_SECONDS,
    told: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """
    Apply what the database lacks and return the ids; contractions only where `contract` says so, or nothing is there.

    Processes of other versions may serve meanwhile. Each migration is applied and noted as one, or not at all; who
    is killed in the middle leaves nothing half done. `told` hears of a wait.

    Raises:
        StoreUnavailable: the database is away.
        StoreOverloaded: somebody else migrates it for more than 10 minutes.
        MigrationNotApplied: a table was held for `patience_seconds`, or a contraction would break connected processes.
    """
    return await asyncio.to_thread(_migrate, dsn, contract, folder, patience_seconds, told)


async def roll_back(dsn: Secret[str], *, folder: Traversable = CORE) -> list[str]:
    """
    Take back every migration, newest first, down to the last that can be taken back; return their ids.

    Raises:
        StoreUnavailable: as above.
        psycopg.errors.FeatureNotSupported: an irreversible migration stands in the way (SQLSTATE 0A000).
    """
    return await asyncio.to_thread(_roll_back, dsn, folder)


def _migrate(
    dsn: Secret[str],
    contract: bool,
    folder: Traversable,
    patience_seconds: float,
    told: Callable[[str], None],
) -> list[str]:
    known = {each.id: each for each in KnownSchema.of(folder).migrations}
    with _turn(dsn) as backend, _migrations(folder) as migrations:
        lacking = backend.to_apply(migrations)
        is_new = len(lacking) == len(migrations)
        run = _Run(backend, time.monotonic() + patience_seconds, told)
        due = [each for each in lacking if contract or is_new or known[each.id].phase is Phase.EXPAND]
        for migration in due:
            run.apply(migration, known[migration.id], alone=is_new)
        return [migration.id for migration in due]


def _roll_back(dsn: Secret[str], folder: Traversable) -> list[str]:
    contractions = {each.id for each in KnownSchema.of(folder).migrations if each.phase is Phase.CONTRACT}
    with _turn(dsn) as backend, _migrations(folder) as migrations:
        applied = backend.to_rollback(migrations)
        for migration in applied:
            backend.rollback_one(migration)
            if migration.id in contractions:
                backend.connection.execute(LOWER_FLOOR, [migration.id])
        return [migration.id for migration in applied]


@dataclass(frozen=True, slots=True)
class _Run:
    backend: PostgresqlPsycopgBackend
    until: float
    told: Callable[[str], None]

    def apply(self, migration: Migration, known: KnownMigration, *, alone: bool) -> None:
        with self._floor_raised(known, alone=alone):
            while not self._is_applied(migration, known):
                if time.monotonic() > self.until:
                    raise TablesBusy(migration.id)
                self.told(f"{migration.id} waits for its tables")
                time.sleep(random.uniform(*PAUSE_SECONDS))

    @contextmanager
    def _floor_raised(self, known: KnownMigration, *, alone: bool) -> Generator[None]:
        if known.phase is Phase.EXPAND:
            yield
            return
        self._require_nobody_below(known, alone=alone)
        self.backend.connection.execute(RAISE_FLOOR, [known.id, known.floor])
        try:
            # Who began to serve since that look is seen now, and nobody below the floor begins any more.
            self._require_nobody_below(known, alone=alone)
            yield
        except BaseException:
            # Ctrl-C too: nothing was contracted, and a floor that stays would keep processes from serving.
            self._lower_floor(known)
            raise

    def _lower_floor(self, known: KnownMigration) -> None:
        # Over a connection that is lost nothing is lowered, and nobody knows whether the migration was applied: the
        # floor stands until it is tried again.
        with suppress(psycopg.OperationalError):
            self.backend.connection.execute(LOWER_FLOOR, [known.id])

    def _is_applied(self, migration: Migration, known: KnownMigration) -> bool:
        try:
            migration.load()
            if not migration.use_transactions:
                migration.process_steps(self.backend, "apply")
            with self.backend.transaction():
                self._in_short(migration, known)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            return False
        except errors.QueryCanceled as error:
            raise ExpansionTooSlow(migration.id) from error
        return True

    def _in_short(self, migration: Migration, known: KnownMigration) -> None:
        self.backend.execute(FOR_TABLES)
        if known.phase is Phase.EXPAND:
            self.backend.execute(FOR_EXPANSION)
        if migration.use_transactions:
            migration.process_steps(self.backend, "apply")
        self.backend.log_migration(migration, "apply")
        self.backend.mark_one(migration, log=False)

    def _require_nobody_below(self, known: KnownMigration, *, alone: bool) -> None:
        if alone:
            return
        found = self.backend.connection.execute(CONNECTED).fetchall()
        below = [level for level, _ in found if level < known.floor]
        if below:
            raise OlderProcessesServe(known.id, below)


@contextmanager
def _migrations(folder: Traversable) -> Generator[MigrationList]:
    with as_file(folder) as path:
        yield read_migrations(str(path))


@contextmanager
def _turn(dsn: Secret[str]) -> Generator[PostgresqlPsycopgBackend]:
    # yoyo's own lock is a row, which a killed process leaves behind; this one dies with its connection.
    with (
        translated(),
        psycopg.connect(
            dsn.reveal(), autocommit=True, connect_timeout=CONNECT_SECONDS, application_name=NAME
        ) as turn,
    ):
        turn.execute(FOR_ITS_TURN)
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
        {**given, "schema": SCHEMA, "application_name": NAME},
    )
    backend = PostgresqlPsycopgBackend(uri, "_yoyo_migration")
    backend.init_database()
    return backend
