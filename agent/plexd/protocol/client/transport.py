"""HTTP to one control plane: one session for any number of nodes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ssl import SSLContext
from typing import Final

import aiohttp

from plexd.protocol.client.problems import refusal
from plexd.protocol.errors import ControlPlaneError, Unreachable, Unreadable
from plexd.protocol.masked import Masked

CONNECT_SECONDS: Final = 10.0
CALL_SECONDS: Final = 30.0
# Below the 5 s after which common servers close an idle connection, so that no call meets one closing.
_KEEP_ALIVE_SECONDS: Final = 4.0
BODY_LIMIT: Final = 10 * 1024 * 1024
_REFUSAL_LIMIT: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the path below the base URL, already escaped."""

    method: str
    path: str
    token: Masked | None = None
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, or 304 where the call was conditional."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """
    Sends calls and opens streams.

    Redirects are not followed: a bearer goes to the control plane and nowhere else. Every body is read up to a
    bound, every wait has an end.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        *,
        ssl: SSLContext | None = None,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._ssl: SSLContext | bool = True if ssl is None else ssl
        self._call_seconds = call_seconds

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, base_url: str, *, ssl: SSLContext | None = None, call_seconds: float = CALL_SECONDS
    ) -> "AsyncIterator[Transport]":
        """Hold a session of its own, without a limit on connections, for as long as the block lasts."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            yield cls(session, base_url, ssl=ssl, call_seconds=call_seconds)

    async def send(self, call: Call) -> Answer:
        """
        Return the answer to a call.

        Raises:
            Refused: any other status than 2xx and 304.
            Unreachable: no complete answer in time.
            Unreadable: a body beyond 10 MiB.
        """
        patience = aiohttp.ClientTimeout(total=self._call_seconds, sock_connect=CONNECT_SECONDS)
        async with self._exchange(call, patience) as response:
            body = await _bounded(response, BODY_LIMIT)
            return Answer(response.status, response.headers, body)

    @asynccontextmanager
    async def stream(self, call: Call, idle_seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """
        Open an answer of any length and give its bytes as they come.

        Raises:
            Refused: any other status than 2xx and 304.
            Unreachable: no connection, a broken one, or no byte for `idle_seconds`; while reading too.
        """
        patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=idle_seconds)
        async with self._exchange(call, patience) as response:
            yield _chunks(response)

    @asynccontextmanager
    async def _exchange(
        self, call: Call, patience: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._session.request(
                call.method,
                self._base_url + call.path,
                data=call.body,
                headers=_headers(call),
                timeout=patience,
                ssl=self._ssl,
                allow_redirects=False,
            ) as response:
                await _require_success(response)
                yield response
        except ControlPlaneError:
            raise
        except (aiohttp.ClientError, OSError) as cause:
            raise Unreachable(f"{call.method} {call.path}: {type(cause).__name__}: {cause}") from cause


def _headers(call: Call) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "plexd/0.1.0"}
    if call.token is not None:
        headers["Authorization"] = f"Bearer {call.token.reveal()}"
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    return {**headers, **(call.headers or {})}


async def _require_success(response: aiohttp.ClientResponse) -> None:
    if 200 <= response.status < 300 or response.status == 304:
        return
    raise refusal(response.status, response.headers, await _prefix(response, _REFUSAL_LIMIT))


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    octets = await _prefix(response, limit + 1)
    if len(octets) > limit:
        raise Unreadable(f"an answer of more than {limit} bytes")
    return octets


async def _prefix(response: aiohttp.ClientResponse, limit: int) -> bytes:
    octets = bytearray()
    async for chunk in response.content.iter_any():
        octets += chunk
        if len(octets) >= limit:
            break
    return bytes(octets[:limit])


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for chunk in response.content.iter_any():
        yield chunk
