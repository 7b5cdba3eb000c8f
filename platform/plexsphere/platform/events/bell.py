"""The bell between processes: coalesced NOTIFY, never inside a writer's transaction (design D18)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Final

from psycopg import AsyncConnection, Error

from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret

LOG: Final = logging.getLogger("plexsphere.bell")

CHANNEL: Final = "plexsphere_log"
LISTEN: Final = f"LISTEN {CHANNEL}"
NOTIFY: Final = "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload"

QUIET_SECONDS: Final = 0.02
RETRY_SECONDS: Final = 1.0


class Ring(Enum):
    """What there is to be heard of."""

    LOG = ""
    INBOX = "inbox"
    CLAIMS = "claims"


class Bell:
    """
    Rings other processes awake when there is something for them, and hears their rings.

    A ring is a hint: whoever misses one still finds the rows by polling. One connection listens, one rings, at most
    once every 20 ms however often `ring` is called. `heard` says whom to call on which ring; others are passed over.
    """

    def __init__(self, dsn: Secret[str], heard: Mapping[Ring, Callable[[], None]]) -> None:
        self._conninfo: Final = Secret(session_conninfo(dsn))
        self._heard: Final = {ring.value: call for ring, call in heard.items()}
        self._pulled: Final[set[Ring]] = set()
        self._is_pulled: Final = asyncio.Event()

    def ring(self, ring: Ring) -> None:
        """Let the others know, within 20 ms."""
        self._pulled.add(ring)
        self._is_pulled.set()

    async def run(self) -> None:
        """Listen and ring until cancelled, reconnecting when the database was away."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(self._listen))
            group.create_task(self._keep(self._ring))

    async def _keep(self, serve: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        while True:
            try:
                async with await AsyncConnection.connect(
                    self._conninfo.reveal(), autocommit=True
                ) as connection:
                    await serve(connection)
            except Error as error:
                LOG.warning("the bell is silent (%s); polling goes on", type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, connection: AsyncConnection) -> None:
        await connection.execute(LISTEN)
        # Whatever rang before this connection listened was missed.
        for call in self._heard.values():
            call()
        async for notify in connection.notifies():
            if call_on := self._heard.get(notify.payload):
                call_on()

    async def _ring(self, connection: AsyncConnection) -> None:
        while True:
            await self._is_pulled.wait()
            self._is_pulled.clear()
            rings = [ring.value for ring in self._pulled]
            self._pulled.clear()
            await connection.execute(NOTIFY, [CHANNEL, rings])
            await asyncio.sleep(QUIET_SECONDS)
