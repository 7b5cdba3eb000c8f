"""The metrics of a process, on a port of their own (decision 0032)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from socket import socket
from typing import Any, Final

from plexsphere.api.sources import Sources
from plexsphere.composition.builders.metrics import Metrics
from plexsphere.composition.connections import Bounds, Connections
from plexsphere.composition.server import build_server
from plexsphere.composition.sweep import Sweep
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.telemetry.exposition import MEDIA_TYPE, exposition
from plexsphere.platform.telemetry.traffic import Traffic

PATH: Final = "/metrics"
MOST_READERS: Final = Bounds(in_all=16, from_one_source=8)


@dataclass(frozen=True, slots=True)
class MetricsApp:
    """
    Answers `GET /metrics`, and nothing else.

    No credential is asked for: the page holds numbers of the whole process, and no id, name or address. `count` is
    awaited before, for what is counted only when somebody asks.
    """

    metrics: Metrics
    count: Callable[[], Awaitable[object]]

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if (scope["method"], scope["path"]) != ("GET", PATH):
            await _answer(send, HTTPStatus.NOT_FOUND, f"GET {PATH}\n")
            return
        await self.count()
        await _answer(send, HTTPStatus.OK, exposition(self.metrics))


async def _answer(send: Any, status: int, text: str) -> None:
    body = text.encode()
    head = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def telling(listener: socket, app: MetricsApp, clock: Clock) -> AsyncGenerator[None]:
    """Serve the metrics on a bound socket for as long as the block lasts; readers that dawdle are cut."""
    traffic = Traffic()
    server = build_server(app, None, Connections(MOST_READERS, traffic), Sources(()))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    sweeping = asyncio.create_task(Sweep(server.open_connections, clock, traffic).run())
    try:
        yield
    finally:
        sweeping.cancel()
        server.stop()
        await asyncio.wait([serving, sweeping])
