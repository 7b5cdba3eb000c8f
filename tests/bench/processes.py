"""The processes of a measurement: how they are reached, and what they cost."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

PATIENCE_SECONDS: Final = 60.0
PAGE: Final = 4096


@dataclass(frozen=True, slots=True)
class Wire:
    """How a server is reached: its port on the loopback, and its certificate's file where TLS is on."""

    port: int
    ca: str

    @property
    def base_url(self) -> str:
        """Return its address."""
        return f"{'https' if self.ca else 'http'}://127.0.0.1:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """Return what a client believes, or None without TLS."""
        return ssl.create_default_context(cafile=self.ca) if self.ca else None

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection("127.0.0.1", self.port, limit=2**24, ssl=self.context())


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds, user and system, of a process and its children."""

    pid: int

    def seconds(self) -> float:
        """Return the seconds used so far, to the nanosecond."""
        children = psutil.Process(self.pid).children(recursive=True)
        return sum(map(_used, [self.pid, *(child.pid for child in children)])) / 1e9

    def resident(self) -> int:
        """Return the resident memory in bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)


def _used(pid: int) -> int:
    # A process or a thread may end while it is asked.
    with suppress(OSError):
        return sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return 0


def kernel_buffers() -> int:
    """Return the bytes that the buffers of all TCP connections of the machine hold."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        words = line.split()
        if words[0] == "TCP:":
            return int(words[words.index("mem") + 1]) * PAGE
    return 0


async def until_open(wire: Wire) -> None:
    """
    Wait until a server listens.

    Raises:
        TimeoutError: it does not within a minute.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(OSError):
                _, writer = await wire.connected()
                writer.close()
                return
            await asyncio.sleep(0.05)
