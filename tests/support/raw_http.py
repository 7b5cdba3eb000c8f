"""HTTP/1.1 written byte by byte, for what no well-behaved client sends."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

PATIENCE_SECONDS: Final = 20.0
LONGEST_LINE: Final = 1024 * 1024
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class RawAnswer:
    """One answer as it came; names of headers in lower case, each as often as it was sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's only value, or an empty text."""
        values = [value for found, value in self.headers if found == name]
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return "".join(values)

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Return the problem code of a refusal."""
        assert self.header("content-type") == "application/problem+json", (self.status, self.body[:200])
        return str(self.json()["code"])


class RawConnection:
    """One connection, kept open from request to request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> RawAnswer:
        """Send a request with its length, and return the answer."""
        await self.send(request(method, path, body, headers))
        return await self.answer(bodiless=method == "HEAD")

    async def send(self, octets: bytes) -> None:
        """Send bytes as they are; a peer that stopped reading is for `answer` to find out."""
        with suppress(ConnectionError):
            self._writer.write(octets)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._writer.drain()

    async def answer(self, *, bodiless: bool = False) -> RawAnswer:
        """Return the next answer that is not a mere 100."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                status, headers = await self.head()
                if status != 100:
                    body = b"" if bodiless else await self._body(status, dict(headers))
                    return RawAnswer(status, headers, body)

    async def for_a_moment(self, seconds: float) -> bytes:
        """Return what arrives within so many seconds."""
        arrived = bytearray()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while octets := await self._reader.read(LONGEST_LINE):
                    arrived += octets
        return bytes(arrived)

    async def until_ended(self) -> bytes:
        """Return what is left of a body in chunks, once it has ended."""
        return b"".join([chunk async for chunk in self._chunks()])

    async def is_closed(self) -> bool:
        """Wait until the other side ends the connection; False if it sends something instead."""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._reader.read(1) == b""
        return True

    def is_closing(self) -> bool:
        """Tell whether the connection is known to be over."""
        return self._writer.is_closing()

    def close(self) -> None:
        """End the connection."""
        self._writer.close()

    async def head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Return the status and headers of the next answer, and leave its body where it is."""
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        pairs = (line.partition(":") for line in lines[1:])
        return int(lines[0].split(" ")[1]), tuple((name.lower(), value.strip()) for name, _, value in pairs)

    async def _body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in (204, 304):
            return b""
        if headers.get("transfer-encoding") != "chunked":
            return await self._reader.readexactly(int(headers["content-length"]))
        chunks = [chunk async for chunk in self._chunks()]
        return b"".join(chunks)

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self._reader.readline(), 16):
            yield (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()


def request(
    method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of a request; a body is JSON with its length unless the headers say otherwise."""
    told = {"Host": "plexsphere"}
    if body is not None:
        told |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    told |= headers or {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + (body or b"")


@asynccontextmanager
async def connected(base_url: str, source: str = LOOPBACK) -> AsyncIterator[RawConnection]:
    """Lend a connection to the server at the URL, from an address of the loopback network."""
    url = urlsplit(base_url)
    connection = RawConnection(
        *await asyncio.open_connection(url.hostname, url.port, limit=LONGEST_LINE, local_addr=(source, 0))
    )
    try:
        yield connection
    finally:
        connection.close()


async def call(
    base_url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> RawAnswer:
    """Send one request over a connection of its own."""
    async with connected(base_url) as connection:
        return await connection.call(method, path, body, headers)


def bearer(token: str) -> dict[str, str]:
    """Return the headers that present a credential."""
    return {"Authorization": f"Bearer {token}"}
