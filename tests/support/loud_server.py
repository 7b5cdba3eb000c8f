"""
A server that says all it can: every logger at DEBUG, and the event loop in its debug mode.

As `python -m tests.support.loud_server` it writes what a deployment would on stderr, and on stdout each record as it
was before anything in it was masked.
"""

import asyncio
import base64
import logging
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from plexsphere.composition.serving import serving
from plexsphere.composition.settings import Settings
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.telemetry.logs import configure_logging
from tests.support.control_plane import WRAP_KEY, free_port, until_readiness

ROOT: Final = Path(__file__).parents[2]
# Where a process may leave files without being told so.
ITS_PLACES: Final = ("cwd", "home", "tmp")
STREAMS: Final = ("0", "1", "2")


@dataclass(frozen=True)
class LoudServer:
    """The process, and the folder with all it may write to."""

    base_url: str
    metrics_url: str
    process: asyncio.subprocess.Process = field(repr=False)
    folder: Path

    def files(self) -> Iterator[bytes]:
        """Return what every file holds that the process left or has open, with a name or without."""
        for place in ITS_PLACES:
            yield from (file.read_bytes() for file in (self.folder / place).rglob("*") if file.is_file())
        for handle in Path(f"/proc/{self.process.pid}/fd").iterdir():
            # Some are closed meanwhile.
            with suppress(OSError):
                if handle.name not in STREAMS and stat.S_ISREG(handle.stat().st_mode):
                    yield handle.read_bytes()

    def said(self) -> dict[str, bytes]:
        """Return what it wrote on stdout and stderr."""
        return {name: (self.folder / name).read_bytes() for name in ("stdout", "stderr")}


@asynccontextmanager
async def loud_server(dsn: Secret[str], folder: Path, **environ: str) -> AsyncIterator[LoudServer]:
    """Run the server in this folder until the block ends, and end it in order."""
    listen, metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    for place in ITS_PLACES:
        (folder / place).mkdir(parents=True)
    surroundings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PLEXSPHERE_DSN": dsn.reveal(),
        "PLEXSPHERE_NSK_WRAP_KEY_B64": base64.b64encode(WRAP_KEY).decode(),
        "PLEXSPHERE_LISTEN": listen,
        "PLEXSPHERE_METRICS_LISTEN": metrics,
        **environ,
    }
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as complaints:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.loud_server",
            env=surroundings,
            cwd=folder / "cwd",
            stdout=out,
            stderr=complaints,
        )
    server = LoudServer(f"http://{listen}", f"http://{metrics}/metrics", process, folder)
    try:
        await until_readiness(server.base_url, 200)
        yield server
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _serve() -> None:
    async with serving(Settings.from_environ(os.environ)):
        logging.getLogger("loud").debug("serves")


if __name__ == "__main__":
    configure_logging("DEBUG")
    plain = logging.StreamHandler(sys.stdout)
    plain.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(plain)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop, debug=True) as runner:
        runner.run(_serve())
