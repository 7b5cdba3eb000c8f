"""The processes of a measurement, and what they cost."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psutil

from tests.support.control_plane import free_port


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds, user and system, of a process and its children."""

    pid: int

    def seconds(self) -> float:
        """Return the seconds used so far."""
        process = psutil.Process(self.pid)
        return sum(_used(each) for each in [process, *process.children(recursive=True)])

    def resident(self) -> int:
        """Return the resident memory in bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The running yardstick server."""

    port: int
    cpu: Cpu


@asynccontextmanager
async def yardstick() -> AsyncIterator[Yardstick]:
    """Run the yardstick server until the block ends."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.yardstick_server", str(port)
    )
    try:
        await _until_open(port)
        yield Yardstick(port, Cpu(process.pid))
    finally:
        process.kill()
        await process.wait()


async def _until_open(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
