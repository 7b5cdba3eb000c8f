"""Load from raw sockets, so that the client costs little beside the server."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from tests.bench.population import Populated
from tests.bench.processes import Cpu, Wire

CONNECTIONS: Final = 16
# What a busy server refused costs it all the same, and counts.
ATTEMPTS: Final = 100
PAUSE_SECONDS: Final = 0.1
Lanes = Sequence[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
BODY: Final = b'{"node_id":"","timestamp":"2026-01-15T10:30:00Z","status":"healthy","uptime":"72h15m"}'


class Refused(Exception):
    """An answer that no measurement may count."""


def request(
    method: str, path: str, bearer: str = "", body: bytes = b"", *headers: str, sort: str = "application/json"
) -> bytes:
    """Return the bytes of a request; `sort` is the media type of its body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *headers]
    if bearer:
        lines.append(f"Authorization: Bearer {bearer}")
    if body:
        lines += [f"Content-Type: {sort}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def heartbeat(node: Populated) -> bytes:
    """Return a node's sign of life."""
    return request("POST", f"/v1/nodes/{node.node_id}/heartbeat", node.token, BODY)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run of requests came to."""

    requests: int
    seconds: float
    server_cpu: float

    @property
    def cpu_milliseconds(self) -> float:
        """Return the server's CPU time for one request."""
        return self.server_cpu / self.requests * 1000


@asynccontextmanager
async def lanes(wire: Wire) -> AsyncIterator[Lanes]:
    """Lend a few connections: agents keep theirs, so that no handshake is part of a request."""
    opened = [await wire.connected() for _ in range(CONNECTIONS)]
    try:
        await asyncio.gather(*(asked(*lane, request("GET", "/v1/health")) for lane in opened))
        yield opened
    finally:
        for _, writer in opened:
            writer.close()


async def hammer(opened: Lanes, requests: Sequence[bytes], count: int, cpu: Cpu) -> Measured:
    """
    Send `count` requests, in turn from those given, over a few connections, and measure the server's CPU time.

    Raises:
        Refused: one was not answered with success.
    """
    share = count // CONNECTIONS
    before, started = cpu.seconds(), time.perf_counter()
    await asyncio.gather(
        *(_along(*lane, requests[place::CONNECTIONS] or requests, share) for place, lane in enumerate(opened))
    )
    return Measured(share * CONNECTIONS, time.perf_counter() - started, cpu.seconds() - before)


async def _along(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[bytes], count: int
) -> None:
    for number in range(count):
        await asked(reader, writer, requests[number % len(requests)])


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, octets: bytes) -> bytes:
    """
    Send a request and return the body of its answer; a busy server is asked again, as agents do.

    Raises:
        Refused: it was not answered with success.
    """
    for _ in range(ATTEMPTS):
        writer.write(octets)
        status, body = await read_answer(reader)
        if status < HTTPStatus.BAD_REQUEST:
            return body
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    raise Refused(status, body[:200])


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of one answer with a known length."""
    head = await reader.readuntil(b"\r\n\r\n")
    _, found, rest = head.lower().partition(b"content-length: ")
    length = int(rest.partition(b"\r\n")[0]) if found else 0
    return int(head[9:12]), await reader.readexactly(length) if length else b""


@dataclass(frozen=True, slots=True)
class Beats:
    """Heartbeats of a few nodes, some hundred a second, and how long each took."""

    wire: Wire
    requests: Sequence[bytes]
    lanes: int = 4
    pause_seconds: float = 0.008

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[list[tuple[float, float]]]:
        """Beat for as long as the block lasts; lend the list of when each began and how long it took."""
        taken: list[tuple[float, float]] = []
        tasks = [asyncio.create_task(self._beat(place, taken)) for place in range(self.lanes)]
        try:
            yield taken
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self, place: int, taken: list[tuple[float, float]]) -> None:
        reader, writer = await self.wire.connected()
        mine = self.requests[place :: self.lanes]
        number = 0
        while True:
            started = time.monotonic()
            await asked(reader, writer, mine[number % len(mine)])
            taken.append((started, time.monotonic() - started))
            number += 1
            await asyncio.sleep(self.pause_seconds)
