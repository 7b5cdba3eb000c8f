"""The HTTP server, inside our own event loop."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Collection, Generator, Sequence
from typing import Any, Final

import uvicorn

from plexsphere.api.sources import Sources
from plexsphere.composition.acceptor import Acceptor
from plexsphere.composition.bounded_http import BoundedHttpProtocol
from plexsphere.composition.connections import Connections
from plexsphere.composition.settings import Address, Tls

# A reader that stalls parks its unread frames in kernel buffers; this bounds them (design section 3).
SEND_BUFFER_BYTES: Final = 64 * 1024
# A reader that takes nothing, or is gone without a word, keeps its connection no longer than a send may take.
UNACKNOWLEDGED_MS: Final = 30_000
GRACE_SECONDS: Final = 2


class LoopServer(uvicorn.Server):
    """
    uvicorn without signal handlers and acceptors of its own.

    The process decides when to stop, and who is let in is counted before anything is spent on him.
    """

    def __init__(self, config: uvicorn.Config, connections: Connections, sources: Sources) -> None:
        super().__init__(config)
        self.stopping: Final = asyncio.Event()
        self._connections: Final = connections
        self._sources: Final = sources
        self._acceptors: Final[list[Acceptor]] = []

    @property
    def open_connections(self) -> Collection[BoundedHttpProtocol]:
        """Return the connections at this moment."""
        return self.server_state.connections  # type: ignore[return-value]  # every protocol is ours

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Listen on the sockets."""
        await self.lifespan.startup()
        for listener in sockets or ():
            acceptor = Acceptor(listener, self._connections, self._sources, self.config.ssl, self._protocol)
            acceptor.start()
            self._acceptors.append(acceptor)
        self.servers = self._acceptors  # type: ignore[assignment]  # it closes them and waits
        self.started = True

    def _protocol(self, source: str) -> BoundedHttpProtocol:
        return BoundedHttpProtocol(
            self.config, self.server_state, self.lifespan.state, self._connections, source
        )

    def stop(self) -> None:
        """Stop accepting and let what is in hand end."""
        self.should_exit = True
        self.stopping.set()


def build_server(app: Any, tls: Tls | None, connections: Connections, sources: Sources) -> LoopServer:
    """Return a server of the application."""
    return LoopServer(
        uvicorn.Config(
            app,
            loop="none",
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=str(tls.cert_file) if tls else None,
            ssl_keyfile=str(tls.key_file) if tls else None,
        ),
        connections,
        sources,
    )


def listening_socket(address: Address) -> socket.socket:
    """
    Return a bound socket; accepted connections inherit its small send buffer and, on Linux, its short patience.

    Raises:
        OSError: the address is in use, or not ours.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # Head and body of an answer are two writes; the second must not wait until the first is acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
    listener.bind((address.host, address.port))
    listener.setblocking(False)
    return listener
