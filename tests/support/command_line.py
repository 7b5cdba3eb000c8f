"""The `plexsphere` command as a person runs it: its own process, its own session, its words kept apart."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from click.testing import CliRunner

from plexsphere.composition.command_line import main
from tests.support.control_plane import free_port

END_SECONDS: Final = 60.0
READY_SECONDS: Final = 90.0
# Nothing of the surroundings may stand in for what a test leaves out.
KEPT: Final = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    said: str
    complained: str


async def plexsphere(*arguments: str, **environ: str) -> Ended:
    """Run a command to its end, with this environment and no more."""
    process = await start(*arguments, **environ)
    async with asyncio.timeout(END_SECONDS):
        said, complained = await process.communicate()
    return Ended(process.returncode or 0, said.decode(), complained.decode())


def within(*arguments: str, **environ: str) -> Ended:
    """Run a command to its end inside this process, with this environment and nothing else of ours."""
    nothing: dict[str, str | None] = {name: None for name in os.environ if name.startswith("PLEXSPHERE_")}
    ended = CliRunner().invoke(main, arguments, env={**nothing, **environ})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


async def start(*arguments: str, **environ: str) -> asyncio.subprocess.Process:
    """Start a command in a session of its own, so that a signal to its group reaches nobody else."""
    surroundings = {name: os.environ[name] for name in KEPT if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "plexsphere.composition",
        *arguments,
        env={**surroundings, **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


@dataclass(frozen=True)
class Up:
    """A running `plexsphere up`."""

    process: asyncio.subprocess.Process
    base_url: str
    data: Path

    async def until_ready(self) -> None:
        """Wait until it serves and its first operator has a token."""
        async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(base_url=self.base_url) as client:
            while self.process.returncode is None:
                with suppress(httpx.TransportError):
                    if (await client.get("/v1/health")).is_success and self._token_kept():
                        return
                await asyncio.sleep(0.05)
        raise AssertionError(await self.ended())

    @asynccontextmanager
    async def as_operator(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client that sends the kept token."""
        token = (self.data / "operator.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=self.base_url, headers=headers, timeout=30) as client:
            yield client

    def interrupt(self) -> None:
        """Do what Ctrl-C does: tell the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    async def kill(self) -> None:
        """Kill it as -9 does."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.ended()

    async def ended(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(END_SECONDS):
            said, complained = await self.process.communicate()
        return Ended(self.process.returncode or 0, said.decode(), complained.decode())

    def _token_kept(self) -> bool:
        return (self.data / "operator.token").exists()


@asynccontextmanager
async def up(data: Path, **environ: str) -> AsyncIterator[Up]:
    """Run `plexsphere up` on a data folder and a free port; what still runs at the end is killed."""
    port = free_port()
    listen = {"PLEXSPHERE_DATA_DIR": str(data), "PLEXSPHERE_LISTEN": f"127.0.0.1:{port}"}
    process = await start("up", **{**listen, **environ})
    running = Up(process, f"http://127.0.0.1:{port}", data)
    try:
        yield running
    finally:
        if process.returncode is None:
            await running.kill()
