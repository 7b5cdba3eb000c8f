"""Load from raw sockets, so that the client costs little beside the server."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.bench.processes import Cpu

CONNECTIONS: Final = 16


def request(method: str, path: str, bearer: str = "", body: bytes = b"", *headers: str) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *headers]
    if bearer:
        lines.append(f"Authorization: Bearer {bearer}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run of requests came to."""

    requests: int
    seconds: float
    server_cpu: float

    @property
    def cpu_microseconds(self) -> float:
        """Return the server's CPU time for one request."""
        return self.server_cpu / self.requests * 1e6


async def hammer(port: int, requests: Sequence[bytes], count: int, cpu: Cpu) -> Measured:
    """Send `count` requests, in turn from those given, over a few connections, and measure the server's CPU time."""
    share = count // CONNECTIONS
    await _connection(port, requests, CONNECTIONS * 4)
    before, started = cpu.seconds(), time.perf_counter()
    await asyncio.gather(
        *(_connection(port, requests[place:] or requests, share) for place in range(CONNECTIONS))
    )
    return Measured(share * CONNECTIONS, time.perf_counter() - started, cpu.seconds() - before)


async def _connection(port: int, requests: Sequence[bytes], count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    for number in range(count):
        writer.write(requests[number % len(requests)])
        await read_answer(reader)
    writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of one answer with a known length."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    _, found, rest = head.lower().partition(b"content-length: ")
    length = int(rest.partition(b"\r\n")[0]) if found else 0
    return status, await reader.readexactly(length) if length else b""


@dataclass(slots=True)
class Stream:
    """One event stream that only notes when a frame of a kind arrived."""

    bearer: str
    node_id: str
    arrivals: list[float] = field(default_factory=list)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def open(self, port: int) -> None:
        """Open the stream and read up to its first sign of life."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        self._writer.write(request("GET", f"/v1/nodes/{self.node_id}/events", self.bearer))
        await self._reader.readuntil(b": \n\n")

    async def wait(self, event_type: bytes) -> float:
        """Return when the next frame of this type was there, whole."""
        assert self._reader is not None
        while True:
            line = await self._reader.readline()
            if line.strip() == b"event: " + event_type:
                await self._reader.readuntil(b"\n\n")
                return time.perf_counter()

    def close(self) -> None:
        """Go away."""
        if self._writer is not None:
            self._writer.close()
