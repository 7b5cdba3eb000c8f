"""Whom PostgreSQL's processes run as."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plexsphere.composition.embedded.errors import AccountRefusedError, NoServerAccountError

UNPRIVILEGED: Final = ("postgres", "nobody")
ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
PROBE_SECONDS: Final = 20


@dataclass(frozen=True)
class Account:
    """An account of this machine; every program started for it sees a clean environment and no other groups."""

    name: str
    uid: int
    gid: int

    @property
    def is_mine(self) -> bool:
        """Whether this process already runs as the account."""
        return self.uid == os.geteuid()

    def options(self) -> dict[str, Any]:
        """Return what `subprocess` needs to start a program as this account."""
        common: dict[str, Any] = {"cwd": "/", "env": ENVIRONMENT, "umask": 0o077}
        if self.is_mine:
            return common
        return common | {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(self, *command: str, seconds: float = PROBE_SECONDS) -> subprocess.CompletedProcess[str]:
        """
        Return the finished program, its output joined in `stdout`.

        Raises: `AccountRefusedError`; `OSError` and `subprocess.TimeoutExpired` for the program itself.
        """
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=seconds,
                **self.options(),
            )
        except PermissionError as error:
            if self.is_mine or error.filename is not None:
                raise
            raise AccountRefusedError(self.name) from error

    def can_enter(self, folder: Path) -> bool:
        """Whether the account reaches the folder, asked of the operating system itself."""
        return self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)).returncode == 0


def server_account() -> Account:
    """
    Return this process's own account, or as root the unprivileged one that stands in for it; none is added.

    Raises: `NoServerAccountError`.
    """
    if os.geteuid() != 0:
        return account_of(os.geteuid(), os.getegid())
    for name in UNPRIVILEGED:
        entry = _entry(name)
        if entry is not None and entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise NoServerAccountError(UNPRIVILEGED)


def account_of(uid: int, gid: int) -> Account:
    """Return the account with these numbers, named by them where the machine knows no name."""
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:
        return Account(str(uid), uid, gid)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
