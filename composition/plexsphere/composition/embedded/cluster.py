"""Make the database folder of a first start."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.errors import CommandFailedError, UnreachableFolderError
from plexsphere.composition.embedded.home import Home, remove_unfinished
from plexsphere.composition.embedded.installation import Installation
from plexsphere.composition.embedded.private_file import write_private
from plexsphere.platform.kernel.secret import Secret

SUPERUSER: Final = "postgres"
INITDB_SECONDS: Final = 180
SHARED_FOLDER: Final = 0o755


def create_cluster(
    home: Home, installation: Installation, password: Secret[str], settings: Mapping[str, str]
) -> None:
    """
    Have an empty database in `home`, there as a whole or not at all; every connection needs the password.

    Raises: `CommandFailedError`, `UnreachableFolderError`.
    """
    home.path.parent.mkdir(mode=SHARED_FOLDER, parents=True, exist_ok=True)
    if not home.account.can_enter(home.path.parent):
        raise UnreachableFolderError(home.account.name, home.path.parent)
    staging = Home(home.path.with_name(f"{home.path.name}.unfinished"), home.account)
    remove_unfinished(staging.path)
    staging.path.mkdir(mode=0o700)
    password_copy = _hand_over(staging, password)
    _initdb(staging, installation, password_copy, settings)
    password_copy.unlink()
    staging.path.rename(home.path)


def _hand_over(staging: Home, password: Secret[str]) -> Path:
    """Give the folder to its account, last of all: once it is theirs, nothing is written there in our name."""
    copy = staging.path / "password"
    write_private(copy, password.reveal())
    os.chown(copy, staging.account.uid, staging.account.gid)
    os.chown(staging.path, staging.account.uid, staging.account.gid)
    return copy


def _initdb(
    staging: Home, installation: Installation, password_copy: Path, settings: Mapping[str, str]
) -> None:
    command = [installation.program("initdb"), "--pgdata", str(staging.pgdata), "--username", SUPERUSER]
    command += ["--auth=scram-sha-256", f"--pwfile={password_copy}", "--encoding=UTF8", "--locale=C"]
    command += ["--data-checksums", "--no-instructions"]
    if settings.get("fsync") == "off":
        command.append("--no-sync")
    try:
        done = staging.account.run(*command, seconds=INITDB_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError("initdb", f"not done after {INITDB_SECONDS} s") from error
    if done.returncode != 0:
        shutil.rmtree(staging.path)
        raise CommandFailedError("initdb", done.stdout)
