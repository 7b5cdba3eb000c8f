"""Our HTTP server with a small application behind it, and a clock that tests move by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Final

from plexsphere.api.patience import be_patient
from plexsphere.api.sources import Sources
from plexsphere.api.straight import Write, straight_answer, straight_write
from plexsphere.composition.connections import Bounds, Connections
from plexsphere.composition.server import LoopServer, build_server, listening_socket
from plexsphere.composition.settings import Address, Tls
from plexsphere.composition.sweep import Sweep
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.telemetry.traffic import Traffic
from tests.support.raw_http import LOOPBACK, RawConnection, connected

ROOMY: Final = Bounds(1_000, 1_000)
WHOLE: Final = (b"x-whole", b"yes")
LARGE: Final = bytes(16 * 1024 * 1024)


class HandClock(SystemClock):
    """Stands still until it is moved."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class SmallApp:
    """
    Answers GET, at length under /large, and streams under /stream until released; gives up amidst /abandoned.

    Reads the body of a POST, under /patient for as long as it takes.
    """

    released: asyncio.Event = field(default_factory=asyncio.Event)
    straight: Write | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/patient":
            be_patient(scope, 90.0)
        if scope["method"] == "POST":
            while (message := await receive())["type"] != "http.disconnect" and message["more_body"]:
                continue
        body = LARGE if scope["path"] in ("/large", "/abandoned") else b""
        length = (b"content-length", str(len(body)).encode())
        head = [] if scope["path"] == "/stream" else [length]
        if scope["path"] == "/whole" and straight_answer(scope)(200, [*head, WHOLE], body):
            return
        await send({"type": "http.response.start", "status": 200, "headers": head})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b": \n\n", "more_body": True})
            self.straight = straight_write(scope)
            await self.released.wait()
        if scope["path"] == "/abandoned":
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await send({"type": "http.response.body", "body": LARGE, "more_body": True})
            return
        await send({"type": "http.response.body", "body": body})


@dataclass
class BareServer:
    """A server that runs."""

    app: SmallApp
    server: LoopServer
    port: int
    traffic: Traffic
    clock: HandClock
    sweep: Sweep

    async def after(self, *pauses: float) -> None:
        """Let so many seconds pass, one pause after another, and look after each."""
        # What a client sent before has arrived before.
        await asyncio.sleep(0.05)
        for seconds in pauses:
            self.clock.seconds += seconds
            await self.sweep.look()

    @asynccontextmanager
    async def connected(self, source: str = LOOPBACK) -> AsyncIterator[RawConnection]:
        """Lend a connection from an address of the loopback network."""
        async with connected(f"http://{LOOPBACK}:{self.port}", source) as connection:
            yield connection

    async def until_open(self, count: int) -> None:
        """Wait until there are so many connections."""
        await until(lambda: self.traffic.connections_open == count)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for 10 s at most."""
    async with asyncio.timeout(10):
        for pause in repeat(0.01):
            if is_so():
                return
            await asyncio.sleep(pause)


@asynccontextmanager
async def bare_server(bounds: Bounds = ROOMY, tls: Tls | None = None) -> AsyncIterator[BareServer]:
    """Serve a small application on a loopback port until the block ends."""
    app, traffic, clock = SmallApp(), Traffic(), HandClock()
    listener = listening_socket(Address(LOOPBACK, 0))
    port = int(listener.getsockname()[1])
    server = build_server(app, tls, Connections(bounds, traffic), Sources())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started)
    try:
        yield BareServer(app, server, port, traffic, clock, Sweep(server.open_connections, clock, traffic))
    finally:
        app.released.set()
        server.stop()
        await serving
