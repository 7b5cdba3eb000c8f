"""The PostgreSQL of a test run: one server, one migrated template, one fresh database for every test."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from plexsphere.composition.embedded.postgres import ROLE, EmbeddedPostgres
from plexsphere.platform.kernel.secret import Secret

# A test run that loses its data loses nothing.
FAST: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "max_wal_size": "512MB",
}
TEMPLATE: Final = "migrated"
LONGEST_PARENT: Final = 60
# Making a database is making a thousand files: in memory it takes a tenth of the time.
MEMORY: Final = Path("/dev/shm")
# All that a run of the tests ever has at once, several times over.
PLENTY: Final = 4 * 1024**3
CREATE: Final = sql.SQL("CREATE DATABASE {name} OWNER {role} TEMPLATE {template}")
DROP: Final = sql.SQL("DROP DATABASE {name} WITH (FORCE)")


def on_disk() -> Path:
    """Return where temporary files are, by a path short enough for sockets below it."""
    parent = tempfile.gettempdir()
    return Path(parent if len(parent) < LONGEST_PARENT else "/tmp")


def in_memory() -> Path:
    """Return where files are kept in memory; where that is little, or runs no programs, they are on a disk."""
    if not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return on_disk()
    return MEMORY if shutil.disk_usage(MEMORY).free >= PLENTY else on_disk()


@contextmanager
def server_folder(parent: Path | None = None) -> Iterator[Path]:
    """Lend an empty folder with a path short enough for a socket, which other accounts can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="plx-", dir=parent or in_memory()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_server() -> Iterator["TestServer"]:
    """Lend a running server of the run's own, gone with all its files afterwards."""
    with (
        server_folder() as folder,
        EmbeddedPostgres(folder / "data", settings=FAST, elsewhere=folder / "elsewhere") as postgres,
    ):
        yield TestServer(postgres)


class TestServer:
    """Makes and drops databases on one server; the template is migrated at the first demand."""

    __test__ = False

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self.postgres = postgres
        self._numbers = itertools.count(1)
        self._is_migrated = False

    @contextmanager
    def migrated_database(self) -> Iterator[Secret[str]]:
        """Lend the URL of a fresh database with all migrations applied."""
        self._have_template()
        with self._database(TEMPLATE) as dsn:
            yield dsn

    @contextmanager
    def empty_database(self) -> Iterator[Secret[str]]:
        """Lend the URL of a fresh database with nothing in it."""
        with self._database("template1") as dsn:
            yield dsn

    @contextmanager
    def _database(self, template: str) -> Iterator[Secret[str]]:
        name = f"test_{next(self._numbers)}"
        self._create(name, template)
        try:
            yield self.postgres.dsn_of(name)
        finally:
            self._administer(DROP.format(name=sql.Identifier(name)))

    def _have_template(self) -> None:
        if not self._is_migrated:
            self._create(TEMPLATE, "template1")
            _migrate(self.postgres.dsn_of(TEMPLATE))
            self._is_migrated = True

    def _create(self, name: str, template: str) -> None:
        names = {"name": name, "role": ROLE, "template": template}
        self._administer(CREATE.format(**{key: sql.Identifier(value) for key, value in names.items()}))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.postgres.superuser_dsn.reveal(), autocommit=True) as connection:
            connection.execute(statement)


def _migrate(dsn: Secret[str]) -> None:
    from plexsphere.platform.db.migrator import migrate

    # In a thread of its own, because the test at hand may bring an event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate(dsn))).result()
