"""The official client, bounded in time, with one kind of failure."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from authzed.api.v1 import AsyncClient, Consistency, ObjectReference

from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference

DEADLINE_SECONDS: Final = 2.0
FULLY_CONSISTENT: Final = Consistency(fully_consistent=True)

# Left alone, gRPC waits up to two minutes before it looks for an engine that was away.
_OPTIONS: Final = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
)
_PLAIN: Final = frozenset({"http", "grpc"})
_TLS: Final = frozenset({"https", "grpcs"})

T = TypeVar("T")


class SpiceDbClient:
    """
    A channel to one SpiceDB; `close` it at the end. It must be built inside the event loop that uses it.

    `endpoint` is `grpcs://host:port` or `https://…` with TLS, `grpc://…` or `http://…` without. Every call ends within
    2 s: with the engine's answer, or with `AuthzUnavailable` whatever went wrong.

    Raises:
        ValueError: the endpoint is none of these.
    """

    def __init__(self, endpoint: str, token: Secret[str]) -> None:
        self._channel = _open_channel(endpoint)
        self._stubs: Final = _Stubs(self._channel)
        self._token = token

    async def call(
        self, method: Callable[[AsyncClient], Callable[..., Awaitable[T | None]]], request: object
    ) -> T:
        """Return the answer to a unary call."""
        with _translated():
            return _readable(await method(self._stubs)(request, **self._bounds()))

    async def stream(
        self, method: Callable[[AsyncClient], Callable[..., Any]], request: object
    ) -> AsyncGenerator[T]:
        """Yield the answers to a streaming call, all of them or an error at the end."""
        with _translated():
            answers = method(self._stubs)(request, **self._bounds())
            try:
                async for answer in answers:
                    yield _readable(answer)
            finally:
                answers.cancel()

    async def close(self) -> None:
        """Give the channel up."""
        await self._channel.close()

    def _bounds(self) -> dict[str, Any]:
        metadata = (("authorization", f"Bearer {self._token.reveal()}"),)
        return {"timeout": DEADLINE_SECONDS, "metadata": metadata}


class _Stubs(AsyncClient):
    # The client's own constructor refuses to send a token without TLS to anything but this machine; whether that is
    # wanted is said by the endpoint's scheme.
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.init_stubs(channel)  # type: ignore[attr-defined]


def _open_channel(endpoint: str) -> grpc.aio.Channel:
    parts = urlsplit(endpoint)
    if not parts.hostname or parts.port is None or parts.path not in {"", "/"}:
        raise ValueError("a SpiceDB endpoint is scheme://host:port")
    if parts.scheme in _TLS:
        return grpc.aio.secure_channel(parts.netloc, grpc.ssl_channel_credentials(), _OPTIONS)
    if parts.scheme in _PLAIN:
        return grpc.aio.insecure_channel(parts.netloc, _OPTIONS)
    raise ValueError("a SpiceDB endpoint begins with grpcs://, https://, grpc:// or http://")


def _readable(answer: T | None) -> T:
    # What it could not parse, gRPC hands over as None.
    if answer is None:
        raise AuthzUnavailable
    return answer


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except (grpc.RpcError, grpc.aio.BaseError, grpc.aio.UsageError) as error:
        raise AuthzUnavailable from error


def says_not_found(error: AuthzUnavailable) -> bool:
    """Tell whether the engine answered, and had nothing of the kind."""
    cause = error.__cause__
    return isinstance(cause, grpc.aio.AioRpcError) and cause.code() is grpc.StatusCode.NOT_FOUND


def object_reference(reference: Reference) -> ObjectReference:
    """Return the reference in the engine's words, which have no hyphen in a type."""
    return ObjectReference(object_type=zed_type(reference.type), object_id=reference.id)


def zed_type(name: str) -> str:
    """Return a type's name as the schema file spells it."""
    return name.replace("-", "_")


def spoken_type(name: str) -> str:
    """Return a type's name as it is spoken everywhere else."""
    return name.replace("_", "-")
