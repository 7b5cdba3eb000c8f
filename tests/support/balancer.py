"""What stands in front of several servers: it passes each connection to one that takes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

CHUNK: Final = 64 * 1024
AGAIN_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 5.0

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Balancer:
    """
    Turns from server to server, connection by connection, and passes over those that do not listen.

    It knows nothing of HTTP: a server that ends cuts what went through it.
    """

    def __init__(self) -> None:
        self._servers: list[str] = []
        self._turn = 0
        self.base_url = ""

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> "AsyncIterator[Balancer]":
        """Listen on a loopback port for as long as the block lasts."""
        balancer = cls()
        server = await asyncio.start_server(balancer._pass, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        balancer.base_url = f"http://{host}:{port}"
        try:
            yield balancer
        finally:
            server.close()

    def take_in(self, base_url: str) -> None:
        """Send it connections, too."""
        self._servers.append(base_url)

    def take_out(self, base_url: str) -> None:
        """Send it none any more; what is open stays open."""
        self._servers.remove(base_url)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                there, back = await self._connected()
            await _joined((reader, back), (there, writer))
        with suppress(OSError):
            writer.close()

    async def _connected(self) -> Pipe:
        while True:
            for server in self._in_turn():
                address = urlsplit(server)
                with suppress(OSError):
                    return await asyncio.open_connection(address.hostname, address.port)
            await asyncio.sleep(AGAIN_SECONDS)

    def _in_turn(self) -> list[str]:
        self._turn += 1
        at = self._turn % max(1, len(self._servers))
        return [*self._servers[at:], *self._servers[:at]]


async def _joined(*ways: Pipe) -> None:
    # Whichever side ends first ends both, as a connection does.
    tasks = [asyncio.create_task(_carried(*way)) for way in ways]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task, (_, writer) in zip(tasks, ways, strict=True):
        task.cancel()
        writer.close()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while octets := await reader.read(CHUNK):
        writer.write(octets)
        await writer.drain()
