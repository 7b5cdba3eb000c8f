"""One process of the control plane: from boot to an orderly end."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg_pool import PoolTimeout

from plexsphere.composition.server import LoopServer
from plexsphere.platform.db.pool import Pool
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.process")

OPEN_SECONDS: Final = 10.0
FLUSH_SECONDS: Final = 1.5
RESTART_SECONDS: Final = 1.0

Loop = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Process:
    """
    Serves until told to stop.

    `loops` run beside the server for as long as it serves. On the way out no request is accepted any more, then the
    streams end, then every acknowledged heartbeat and every counted denial is written.
    """

    server: LoopServer
    loops: Sequence[Loop]
    end_streams: Loop
    flush: Loop

    async def serve(self, listener: socket.socket) -> None:
        """Serve on a bound socket until `stop` or a signal."""
        async with self._beside():
            with stopped_by_signals(self.stop):
                ending = asyncio.create_task(self._end_streams_on_stop())
                await self.server.serve(sockets=[listener])
                await ending
            await self._flush()

    def stop(self) -> None:
        """Begin the orderly end."""
        self.server.stop()

    async def _end_streams_on_stop(self) -> None:
        await self.server.stopping.wait()
        await self.end_streams()

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self.flush()
        except (StoreUnavailable, TimeoutError) as error:
            LOG.error("what the last second left to write could not be written (%s)", type(error).__name__)

    @contextlib.asynccontextmanager
    async def _beside(self) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_forever(loop)) for loop in self.loops]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()


async def _forever(loop: Loop) -> None:
    # What goes wrong in one loop, for one Domain perhaps, must not end the process for everybody: it is told, and
    # the loop starts again.
    while True:
        try:
            await loop()
        except Exception as error:
            LOG.error("a loop ended unexpectedly (%s) and starts again", type(error).__name__, exc_info=error)
        await asyncio.sleep(RESTART_SECONDS)


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None]:
    """Let SIGINT and SIGTERM call `stop`, for as long as the block lasts."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def opened(pools: Sequence[Pool]) -> AsyncGenerator[None]:
    """
    Have the pools open.

    Raises:
        StoreUnavailable: the database does not answer within 10 s.
    """
    try:
        for pool in pools:
            await pool.open(wait=True, timeout=OPEN_SECONDS)
        yield
    except PoolTimeout as error:
        raise StoreUnavailable from error
    finally:
        for pool in pools:
            await pool.close()
