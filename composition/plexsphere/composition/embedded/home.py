"""Where the database lies and who keeps it."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.account import Account, account_of, server_account
from plexsphere.composition.embedded.errors import (
    ClusterLostError,
    DataFolderRefusedError,
    ForeignClusterError,
    PasswordLostError,
    SocketPathTooLongError,
)
from plexsphere.composition.embedded.password import password_file
from plexsphere.composition.embedded.private_file import read_if_present, write_private

SOCKET_PORT: Final = 5432
SOCKET_PATH_BYTES: Final = 107
TRAVERSABLE: Final = 0o711
OWNER_ONLY_FOLDER: Final = 0o700


@dataclass(frozen=True)
class Home:
    """The folder of one database: its files in `data`, its socket beside them, all of one account."""

    path: Path
    account: Account

    @property
    def pgdata(self) -> Path:
        """The folder that PostgreSQL calls its data directory."""
        return self.path / "data"

    @property
    def exists(self) -> bool:
        """Whether a whole database is there; an unfinished one never bears this name."""
        return self.path.exists()

    def major(self) -> int:
        """Return the major version of the PostgreSQL that made the database."""
        return int((self.pgdata / "PG_VERSION").read_text())


def make_data_folder(data: Path) -> None:
    """
    Have the data folder there; one that exists already keeps its permissions.

    As root a new one may be passed through by others, never listed: the unprivileged server account passes it.

    Raises: `DataFolderRefusedError`.
    """
    mode = TRAVERSABLE if os.geteuid() == 0 else OWNER_ONLY_FOLDER
    try:
        data.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderRefusedError(data, error.strerror or str(error)) from error


def find_home(data: Path, elsewhere: Path, progress: Callable[[str], None]) -> Home:
    """
    Return the database folder that belongs to the data folder, the one to be made where there is none yet.

    Raises: `ClusterLostError`, `ForeignClusterError`, `PasswordLostError`, `NoServerAccountError`,
    `SocketPathTooLongError`.
    """
    home = _noted_home(data) or _unnoted_home(data, elsewhere, progress)
    _require_short_socket(home)
    return home


def note_home(data: Path, home: Home) -> None:
    """Write down where the database lies, so that its loss is told from a first start."""
    inside = home.path.parent == data
    write_private(_marker(data), f"{home.path.name if inside else home.path}\n")


def _marker(data: Path) -> Path:
    return data / "postgres.location"


def _noted_home(data: Path) -> Home | None:
    noted = read_if_present(_marker(data))
    if noted is None:
        return None
    path = data / noted
    if not path.exists():
        raise ClusterLostError(path, _marker(data))
    return _kept(path, data)


def _unnoted_home(data: Path, elsewhere: Path, progress: Callable[[str], None]) -> Home:
    """Choose the folder of a first start, or find the one that a start interrupted at its very end left."""
    account = server_account()
    path = data / "postgres"
    if not (path.exists() or account.can_enter(data)):
        path = elsewhere / hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
        _set_aside_if_forsaken(path, data, progress)
    return _kept(path, data) if path.exists() else Home(path, account)


def _set_aside_if_forsaken(path: Path, data: Path, progress: Callable[[str], None]) -> None:
    """
    Move a database out of the way whose data folder was removed and made anew.

    Its password and keys went with that folder; moved, not removed, because data is not ours to throw away.
    """
    if path.exists() and not password_file(data).exists():
        aside = path.with_name(f"{path.name}.forsaken-{time.time_ns()}")
        path.rename(aside)
        progress(f"the database of an earlier {data} lies in {aside} now; remove it if nobody wants it")


def _kept(path: Path, data: Path) -> Home:
    """Return an existing database folder with its owner as keeper, for PostgreSQL accepts no other."""
    status = path.stat()
    keeper = account_of(status.st_uid, status.st_gid)
    home = Home(path, keeper)
    may_act = keeper.is_mine or (os.geteuid() == 0 and keeper.uid != 0)
    if not (may_act and keeper.can_enter(home.pgdata)):
        raise ForeignClusterError(path, keeper.name)
    if not read_if_present(password_file(data)):
        raise PasswordLostError(path, password_file(data))
    return home


def _require_short_socket(home: Home) -> None:
    socket = home.path / f".s.PGSQL.{SOCKET_PORT}"
    if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
        raise SocketPathTooLongError(socket, SOCKET_PATH_BYTES)


def remove_unfinished(staging: Path) -> None:
    """Clear what an interrupted first start left under the name of unfinished work."""
    if staging.exists():
        shutil.rmtree(staging)
