"""PostgreSQL of its own and two servers on it, one of them behind a fault proxy; all of it can be killed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection, conninfo

from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from plexsphere.platform.db.migrator import migrate
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import ServerProcess, free_port, start_server
from tests.support.fault_proxy import Cut, FaultProxy, proxied
from tests.support.postgres import server_folder

# A killed server loses nothing that it wrote, for the machine lives on; an acknowledged commit must have been written.
SETTINGS: Final = {
    "fsync": "off",
    "synchronous_commit": "on",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "max_wal_size": "512MB",
    "client_connection_check_interval": "100ms",
}
GONE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.02
UNSETTLED: Final = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%s)), (SELECT count(*) FROM event_inbox)
"""


class Server:
    """One place for a server: always the same address, one process after another."""

    def __init__(self, number: int, dsn: Secret[str]) -> None:
        self._listen: Final = f"127.0.0.1:{free_port()}"
        self.base_url: Final = f"http://{self._listen}"
        self._number: Final = number
        self._dsn: Final = dsn
        self._boots = 0
        self._process: ServerProcess | None = None

    async def boot(self, failpoints: str) -> None:
        """
        Start a process here; where it dies at its failpoint already, another one without.

        Raises:
            RuntimeError: it ends although it has none.
        """
        self._boots += 1
        named = Secret(conninfo.make_conninfo(self._dsn.reveal(), application_name=self.name))
        environ = {"PLEXSPHERE_LISTEN": self._listen, "PLEXSPHERE_FAILPOINTS": failpoints}
        self._process = await start_server(named, **environ)
        if await self._process.is_ready():
            return
        if not failpoints:
            raise RuntimeError("a server ended while it booted")
        await self.boot("")

    @property
    def name(self) -> str:
        """What the process calls itself in the database."""
        return f"server-{self._number}-{self._boots}"

    async def dies(self, seconds: float) -> bool:
        """Wait until the process dies by itself, and tell whether it did."""
        assert self._process is not None
        try:
            async with asyncio.timeout(seconds):
                await self._process.process.wait()
        except TimeoutError:
            return False
        return True

    async def kill(self) -> None:
        """Kill the process as -9 does."""
        if self._process is not None:
            await self._process.kill()


class Deployment:
    """The database, the proxy before it, and the two servers."""

    def __init__(self, postgres: EmbeddedPostgres, proxy: FaultProxy, through: Secret[str]) -> None:
        self.dsn: Final = postgres.dsn
        self.proxy: Final = proxy
        self.servers: Final = (Server(0, through), Server(1, postgres.dsn))
        self._postgres: Final = postgres

    @classmethod
    @asynccontextmanager
    async def begun(cls) -> AsyncGenerator["Deployment"]:
        """Have a migrated database until the block ends; no server runs yet, and none runs afterwards."""
        with server_folder() as folder:
            postgres = EmbeddedPostgres(folder / "data", settings=SETTINGS, elsewhere=folder / "elsewhere")
            await asyncio.to_thread(postgres.start)
            try:
                await migrate(postgres.dsn)
                async with _behind_a_proxy(postgres, folder) as (proxy, through):
                    deployment = cls(postgres, proxy, through)
                    try:
                        yield deployment
                    finally:
                        await asyncio.gather(*(server.kill() for server in deployment.servers))
            finally:
                await asyncio.to_thread(postgres.stop)

    async def restart_postgres(self) -> None:
        """Kill PostgreSQL as a power cut does, and start it again."""
        await asyncio.to_thread(self._postgres.kill)
        await asyncio.to_thread(self._postgres.start)

    async def cut(self) -> None:
        """Cut every connection of the first server to the database, twice."""
        for _ in range(2):
            self.proxy.cut_all()
            await asyncio.sleep(0.2)

    async def delay(self) -> None:
        """Let the first server's database be far away for a while."""
        self.proxy.delay_seconds = 0.1
        await asyncio.sleep(0.6)
        self.proxy.delay_seconds = 0.0

    async def swallow(self) -> None:
        """Let nothing through between the first server and the database for a while."""
        self.proxy.swallow(everything=True)
        await asyncio.sleep(0.8)
        self.proxy.swallow(everything=False)

    async def lose_answers(self) -> None:
        """Cut connections of the first server between its COMMIT and the answer, a few times."""
        for _ in range(4):
            self.proxy.cut_once(b"COMMIT", Cut.BEFORE_THE_ANSWER)
            await asyncio.sleep(0.1)
        # Whoever boots afterwards must find the database as it is.
        self.proxy.cut_nothing()

    async def settled(self, dead: list[str]) -> None:
        """
        Wait until no session of the dead is left and every committed event has its offset.

        Raises:
            TimeoutError: that is not so within a minute.
        """
        async with (
            asyncio.timeout(GONE_SECONDS),
            await AsyncConnection.connect(session_conninfo(self.dsn), autocommit=True) as connection,
        ):
            while (await (await connection.execute(UNSETTLED, [dead])).fetchone()) != (0, 0):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _behind_a_proxy(
    postgres: EmbeddedPostgres, folder: Path
) -> AsyncGenerator[tuple[FaultProxy, Secret[str]]]:
    sockets = folder / "proxy"
    sockets.mkdir()
    async with proxied(postgres.dsn, sockets) as (proxy, through):
        yield proxy, through
