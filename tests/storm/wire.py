"""HTTP as cheaply as a client can speak it, so that a crowd of thousands costs little beside the server."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Final

import httptools

from tests.bench.load import request

CALL_SECONDS: Final = 30.0
UNREACHABLE: Final = 0
FIRST_MACHINE: Final = IPv4Address("127.1.0.1")


@dataclass(slots=True)
class Answer:
    """An answer; the status is 0 where none arrived, and 200 of a stream says that it began."""

    status: int = UNREACHABLE
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    @property
    def retry_after(self) -> float | None:
        """The seconds the server asked to wait, or None."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdigit() else None


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Speaks to one server, each call over a connection of its own, as agents do that call twice a minute.

    A machine has an address of its own: a crowd behind one would run out of ports, and meet the bound of one source.
    """

    port: int
    source: str = "127.0.0.1"

    async def call(
        self,
        method: str,
        path: str,
        bearer: str = "",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer, whole; one with status 0 where none arrived within 30 s."""
        lines = ["Connection: close", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        exchange = _Exchange(request(method, path, bearer, body, *lines))
        await self._connected(exchange, CALL_SECONDS)
        return exchange.answer

    async def stream(
        self,
        path: str,
        bearer: str,
        last_event_id: str,
        opened: Callable[[], None],
        take: Callable[[bytes], None],
    ) -> Answer:
        """Hand over what a stream brings until it ends; a refusal is an answer like any other."""
        place = [f"Last-Event-ID: {last_event_id}"] if last_event_id else []
        exchange = _Stream(request("GET", path, bearer, b"", *place), opened, take)
        await self._connected(exchange, None)
        return exchange.answer

    async def _connected(self, exchange: "_Exchange", seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await loop.create_connection(
                    lambda: exchange, "127.0.0.1", self.port, local_addr=(self.source, 0)
                )
            async with asyncio.timeout(seconds):
                await exchange.over
        except (OSError, TimeoutError):
            exchange.answer.status = UNREACHABLE
        finally:
            exchange.leave()


def address_of(number: int) -> str:
    """Return the loopback address of the machine with this number."""
    return str(FIRST_MACHINE + number)


class _Exchange(asyncio.Protocol):
    """One request and its answer."""

    def __init__(self, octets: bytes) -> None:
        self.answer: Final = Answer()
        self.over: Final[asyncio.Future[None]] = asyncio.get_running_loop().create_future()
        self._octets = octets
        self._parser: Final = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._octets)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._broken()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.over.done():
            self._broken()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        self.answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.answer.body += body

    def on_message_complete(self) -> None:
        self._end()

    def leave(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _broken(self) -> None:
        self.answer.status = UNREACHABLE
        self._end()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


class _Stream(_Exchange):
    """A request whose answer goes on and on."""

    def __init__(self, octets: bytes, opened: Callable[[], None], take: Callable[[bytes], None]) -> None:
        super().__init__(octets)
        self._opened = opened
        self._take = take

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.answer.status == 200:
            self._opened()

    def on_body(self, body: bytes) -> None:
        if self.answer.status == 200:
            self._take(body)
        else:
            super().on_body(body)

    def _broken(self) -> None:
        # A stream that breaks off has begun all the same.
        self._end()
