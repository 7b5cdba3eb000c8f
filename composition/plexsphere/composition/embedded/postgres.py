"""The embedded PostgreSQL: there when plexsphere runs without a database of its own."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from plexsphere.composition.embedded.cluster import SUPERUSER, create_cluster
from plexsphere.composition.embedded.database import have_database
from plexsphere.composition.embedded.endpoint import Endpoint
from plexsphere.composition.embedded.errors import DataFolderRefusedError, StartFailedError
from plexsphere.composition.embedded.home import Home, find_home, make_data_folder, note_home
from plexsphere.composition.embedded.installation import (
    Installation,
    installation_of,
    newest_installation,
    usable_by,
)
from plexsphere.composition.embedded.leftover import clear_leftover
from plexsphere.composition.embedded.lock import DataLock
from plexsphere.composition.embedded.password import kept_password
from plexsphere.composition.embedded.postmaster import Postmaster
from plexsphere.composition.embedded.server_log import ServerLog
from plexsphere.platform.kernel.secret import Secret

DATABASE: Final = "plexsphere"
ROLE: Final = "plexsphere"
ELSEWHERE: Final = Path("/var/lib/plexsphere")
START_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.02
STILL_STARTING_SECONDS: Final = 5.0


@dataclass(frozen=True)
class _Server:
    postmaster: Postmaster
    endpoint: Endpoint


class EmbeddedPostgres:
    """
    PostgreSQL on a Unix socket, kept under `data` from one start to the next.

    As root its processes run as an unprivileged account that exists already, and where that account cannot reach
    `data`, its files lie under `elsewhere`. No permission of a folder that it did not make is changed. `settings`
    are PostgreSQL's, by name. `progress` hears one line at the beginning of whatever takes long. It blocks: in an
    event loop call it from a thread.
    """

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        elsewhere: Path = ELSEWHERE,
        progress: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._data = data.absolute()
        self._settings = dict(settings or {})
        self._elsewhere = elsewhere
        self._progress = progress
        self._log = ServerLog(self._data / "postgres.log")
        self._lock: DataLock | None = None
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """
        Have the database answer, with plexsphere's role and database in it; every wait on the way is bounded.

        Raises: `EmbeddedPostgresError`, each kind with what to do next; nothing is left running then.
        """
        if self._lock is not None:
            return
        make_data_folder(self._data)
        self._lock = DataLock.take(self._data)
        try:
            self._start()
        except PermissionError as error:
            self.stop()
            raise DataFolderRefusedError(self._data, str(error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server within 45 s and let go of the data folder; harmless when it does not run."""
        if self._server is not None:
            self._server.postmaster.stop()
        self._let_go()

    def kill(self) -> None:
        """Kill the server as a power cut would; the next `start` recovers what was committed."""
        if self._server is not None:
            self._server.postmaster.kill()
        self._let_go()

    @property
    def pid(self) -> int:
        """The server's process number."""
        return self._running().postmaster.pid

    @property
    def dsn(self) -> Secret[str]:
        """The URL of plexsphere's own database, as the role that owns it and has no power over the server."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> Secret[str]:
        """Return the URL of another database, as the same role."""
        return self._running().endpoint.dsn(ROLE, database)

    @property
    def superuser_dsn(self) -> Secret[str]:
        """The URL for whoever looks after the whole server."""
        return self._running().endpoint.dsn(SUPERUSER, "postgres")

    def _start(self) -> None:
        home = find_home(self._data, self._elsewhere, self._progress)
        installation = self._installation(home)
        password = kept_password(self._data)
        if not home.exists:
            self._progress(f"creating a PostgreSQL {installation.major} database in {home.path}")
            create_cluster(home, installation, password, self._settings)
        note_home(self._data, home)
        clear_leftover(home.pgdata)
        postmaster = Postmaster(home, installation, self._settings, self._log)
        self._server = _Server(postmaster, Endpoint(home.path, password))
        self._wait(self._server)
        have_database(self.superuser_dsn, ROLE, DATABASE, password)

    def _installation(self, home: Home) -> Installation:
        wanted = installation_of(home.major()) if home.exists else newest_installation()
        return usable_by(home.account, wanted, self._elsewhere)

    def _wait(self, server: _Server) -> None:
        begin = time.monotonic()
        tell_at = begin + STILL_STARTING_SECONDS
        while not server.endpoint.answers():
            server.postmaster.require_running()
            now = time.monotonic()
            if now > begin + START_SECONDS:
                raise StartFailedError(
                    f"does not answer after {START_SECONDS:.0f} s", self._log.path, self._log.tail()
                )
            if now > tell_at:
                self._progress(
                    f"waiting for PostgreSQL ({now - begin:.0f} s); its words are in {self._log.path}"
                )
                tell_at = now + STILL_STARTING_SECONDS
            time.sleep(POLL_SECONDS)

    def _let_go(self) -> None:
        self._server = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _running(self) -> _Server:
        if self._server is None:
            raise RuntimeError("the embedded PostgreSQL does not run")
        return self._server
