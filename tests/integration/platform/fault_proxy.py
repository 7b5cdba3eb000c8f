"""A proxy before PostgreSQL that cuts connections at chosen bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from psycopg import conninfo

from plexsphere.platform.kernel.secret import Secret

PIECE: Final = 65_536


class Cut(Enum):
    """Where a connection ends that carries the bytes waited for."""

    BEFORE_THEY_ARRIVE = "before"
    BEFORE_THE_ANSWER = "after"


class FaultProxy:
    """Passes everything on, until it is told what to cut at."""

    def __init__(self, server: str) -> None:
        self._server: Final = server
        self._trigger: tuple[bytes, Cut] | None = None
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._writers: Final[set[asyncio.StreamWriter]] = set()
        self._then_refuse = False
        self.is_refusing = False

    def cut_once(self, at: bytes, cut: Cut, *, then_refuse: bool = False) -> None:
        """Cut the first connection that carries these bytes; from then on refuse new ones, when asked to."""
        self._trigger = (at, cut)
        self._then_refuse = then_refuse

    def cut_all(self) -> None:
        """End every connection there is."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        if self.is_refusing:
            writer.transport.abort()
            return
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._server)
        self._writers.update((writer, inner_writer))
        answers = asyncio.create_task(_pass_on(inner_reader, writer))
        self._tasks.add(answers)
        try:
            await self._questions(reader, inner_writer, answers)
        finally:
            self._writers.difference_update((writer, inner_writer))
            writer.transport.abort()
            inner_writer.close()

    async def _questions(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: asyncio.Task[None]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                cut = self._due(piece)
                if cut is Cut.BEFORE_THEY_ARRIVE:
                    return
                if cut is Cut.BEFORE_THE_ANSWER:
                    answers.cancel()
                    writer.write(piece)
                    await writer.drain()
                    return
                writer.write(piece)
                await writer.drain()

    def _due(self, piece: bytes) -> Cut | None:
        if self._trigger is None or self._trigger[0] not in piece:
            return None
        (_, cut), self._trigger = self._trigger, None
        self.is_refusing = self._then_refuse
        return cut

    async def close(self) -> None:
        """Leave nothing running."""
        self.cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied(dsn: Secret[str], folder: Path) -> AsyncIterator[tuple[FaultProxy, Secret[str]]]:
    """Lend a proxy before the database, and the connection string that goes through it."""
    given = conninfo.conninfo_to_dict(dsn.reveal())
    name = f".s.PGSQL.{given.get('port') or 5432}"
    proxy = FaultProxy(f"{given['host']}/{name}")
    server = await asyncio.start_unix_server(proxy.accept, folder / name)
    try:
        yield proxy, Secret(conninfo.make_conninfo(dsn.reveal(), host=str(folder)))
    finally:
        server.close()
        await proxy.close()
