"""A proxy before PostgreSQL or SpiceDB that cuts, delays, swallows and garbles what it carries, as it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from psycopg import conninfo

from plexsphere.platform.kernel.secret import Secret

PIECE: Final = 65_536
BEGIN: Final = b"BEGIN"
GARBAGE: Final = bytes(range(255, -1, -1)) * 4

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Cut(Enum):
    """Where a connection ends that carries the bytes waited for."""

    BEFORE_THEY_ARRIVE = "before"
    BEFORE_THE_ANSWER = "after"


class FaultProxy:
    """
    Passes everything on, until it is told otherwise.

    `delay_seconds` is added to every piece, either way. While `is_refusing` new connections are ended at once; while
    `is_garbling` they are answered with bytes that mean nothing.
    """

    def __init__(self, reach: Callable[[], Awaitable[Streams]]) -> None:
        self._reach: Final = reach
        self._trigger: tuple[bytes, Cut] | None = None
        self._behind = b""
        self._then_refuse = False
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._writers: Final[set[asyncio.StreamWriter]] = set()
        self._flows: Final = asyncio.Event()
        self._flows.set()
        self.delay_seconds = 0.0
        self.is_refusing = False
        self.is_garbling = False

    def cut_once(self, at: bytes, cut: Cut, *, behind: bytes = b"", then_refuse: bool = False) -> None:
        """
        Cut the first connection that carries these bytes, once its transaction has carried those they come behind.

        Where that is asked for, all others are cut with it, and new ones refused from then on.
        """
        self._trigger = (at, cut)
        self._behind = behind
        self._then_refuse = then_refuse

    def cut_nothing(self) -> None:
        """Cut no connection that was not cut yet."""
        self._trigger = None

    def cut_all(self) -> None:
        """End every connection there is."""
        for writer in list(self._writers):
            writer.transport.abort()

    def swallow(self, *, everything: bool) -> None:
        """Keep whatever comes, either way, as a black hole does; or let it flow again."""
        self._flows.clear() if everything else self._flows.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        if self.is_refusing:
            writer.transport.abort()
            return
        if self.is_garbling:
            writer.write(GARBAGE)
            writer.close()
            return
        try:
            inner_reader, inner_writer = await self._reach()
        except OSError:
            writer.transport.abort()
            return
        await self._carry((reader, writer), (inner_reader, inner_writer))

    async def close(self) -> None:
        """Leave nothing running."""
        self.swallow(everything=False)
        self.cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, outer: Streams, inner: Streams) -> None:
        writers = (outer[1], inner[1])
        self._writers.update(writers)
        answers = asyncio.create_task(self._answers(inner[0], outer[1]))
        self._tasks.add(answers)
        answers.add_done_callback(self._tasks.discard)
        try:
            await self._questions(outer[0], inner[1], answers)
        finally:
            self._writers.difference_update(writers)
            outer[1].transport.abort()
            inner[1].close()

    async def _questions(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: asyncio.Task[None]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            carried = b""
            while piece := await self._piece(reader):
                carried = piece if BEGIN in piece else (carried + piece)[-PIECE:]
                cut = self._due(piece) if self._behind in carried else None
                if cut is Cut.BEFORE_THEY_ARRIVE:
                    return
                if cut is Cut.BEFORE_THE_ANSWER:
                    answers.cancel()
                    writer.write(piece)
                    await writer.drain()
                    if self.is_refusing:
                        self.cut_all()
                    return
                writer.write(piece)
                await writer.drain()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await self._piece(reader):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def _piece(self, reader: asyncio.StreamReader) -> bytes:
        piece = await reader.read(PIECE)
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await self._flows.wait()
        return piece

    def _due(self, piece: bytes) -> Cut | None:
        if self._trigger is None or self._trigger[0] not in piece:
            return None
        (_, cut), self._trigger = self._trigger, None
        self.is_refusing = self._then_refuse
        return cut


@asynccontextmanager
async def proxied(dsn: Secret[str], folder: Path) -> AsyncIterator[tuple[FaultProxy, Secret[str]]]:
    """Lend a proxy before the database, and the connection string that goes through it."""
    given = conninfo.conninfo_to_dict(dsn.reveal())
    name = f".s.PGSQL.{given.get('port') or 5432}"
    proxy = FaultProxy(lambda: asyncio.open_unix_connection(f"{given['host']}/{name}"))
    server = await asyncio.start_unix_server(proxy.accept, folder / name)
    try:
        yield proxy, Secret(conninfo.make_conninfo(dsn.reveal(), host=str(folder)))
    finally:
        server.close()
        await proxy.close()


@asynccontextmanager
async def proxied_address(endpoint: str) -> AsyncIterator[tuple[FaultProxy, str]]:
    """Lend a proxy before a server on loopback, and its own `host:port`."""
    host, _, port = endpoint.rpartition(":")
    proxy = FaultProxy(lambda: asyncio.open_connection(host, int(port)))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield proxy, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await proxy.close()
