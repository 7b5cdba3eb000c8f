"""Takes connections from a listening socket, and goes on taking them whatever happens to one."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from plexsphere.api.sources import Sources, source_of
from plexsphere.composition.bounded_http import BoundedHttpProtocol
from plexsphere.composition.connections import Connections

LOG: Final = logging.getLogger("plexsphere.acceptor")

BACKLOG: Final = 4096
# Taking so many costs about a millisecond; then everybody else gets a turn.
AT_ONCE: Final = 32
PAUSE_SECONDS: Final = 0.2
HANDSHAKE_SECONDS: Final = 15.0
FAREWELL_SECONDS: Final = 5.0
# Of one connection that ended before it was taken; every other trouble is the machine's, and passes.
GONE: Final = frozenset({errno.ECONNABORTED, errno.EPROTO, errno.EPERM})

Protocols = Callable[[str], BoundedHttpProtocol]


@dataclass(slots=True)
class Acceptor:
    """
    Serves each connection that finds room by a protocol of its own; others are closed at once.

    Nothing ends it but `close`: while the process has no descriptors left, connections wait in the backlog.
    """

    listener: socket.socket
    connections: Connections
    sources: Sources
    tls: ssl.SSLContext | None
    protocols: Protocols
    _openings: set[asyncio.Task[None]] = field(default_factory=set)
    _pause: asyncio.TimerHandle | None = None
    _is_closed: bool = False

    def start(self) -> None:
        """Listen."""
        self.listener.listen(BACKLOG)
        self._resume()

    def close(self) -> None:
        """Take no more connections, and drop those whose handshake is not done."""
        self._is_closed = True
        asyncio.get_running_loop().remove_reader(self.listener)
        if self._pause is not None:
            self._pause.cancel()
        for opening in self._openings:
            opening.cancel()

    async def wait_closed(self) -> None:
        """Return when nothing is left in hand."""
        if self._openings:
            await asyncio.wait(self._openings)

    def _resume(self) -> None:
        asyncio.get_running_loop().add_reader(self.listener, self._take)

    def _take(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, address = self.listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in GONE:
                    self._wait(error)
                    return
            else:
                self._admit(connection, address[0])

    def _wait(self, error: OSError) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.listener)
        self._pause = loop.call_later(PAUSE_SECONDS, self._resume)
        self.connections.traffic.accept_pauses += 1
        LOG.error("no connection can be taken for a moment (%s)", errno.errorcode.get(error.errno or 0, "?"))

    def _admit(self, connection: socket.socket, host: str) -> None:
        source = source_of(host)
        if not self.connections.enter(source, is_proxy=self.sources.is_proxy(host)):
            connection.close()
            return
        connection.setblocking(False)
        opening = asyncio.get_running_loop().create_task(self._open(connection, source))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)

    async def _open(self, connection: socket.socket, source: str) -> None:
        protocol = self.protocols(source)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self.tls,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if self.tls else None,
                ssl_shutdown_timeout=FAREWELL_SECONDS if self.tls else None,
            )
        except OSError:
            # A stranger's failed handshake is no news; it never becomes a connection.
            protocol.leave()
        except asyncio.CancelledError:
            protocol.leave()
            raise
