"""What every storm begins with: a database, nodes in place, a server process and a crowd of agents."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from psycopg import AsyncConnection

from plexd.simulate.open_files import allow_open_files
from plexsphere.composition.boot import booted
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from tests.bench.population import CLASS_SIZE, Populated, Population
from tests.support.control_plane import Place, ServerProcess, first_boot, server_process, settings_for

MOST_OPEN_FILES: Final = 15_000
# A setting that is empty is its default.
OWN_LIMITS: Final = dict.fromkeys(
    (
        "PLEXSPHERE_REGISTER_FAILURES_PER_MINUTE",
        "PLEXSPHERE_CREDENTIAL_FAILURES_PER_MINUTE",
        "PLEXSPHERE_NODE_CALLS_PER_MINUTE",
        "PLEXSPHERE_OPERATOR_CALLS_PER_MINUTE",
        "PLEXSPHERE_CONNECTIONS_PER_ADDRESS",
    ),
    "",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """
    A booted database without any policy.

    `scale` shortens a storm: 1.0 is as many nodes as are promised. `compression` is the heartbeat interval in seconds
    that stands for the usual 30.
    """

    dsn: Secret[str]
    place: Place
    scale: float
    interval: float
    say: Callable[[str], None]

    @classmethod
    async def set_up(
        cls, dsn: Secret[str], scale: float, interval: float, say: Callable[[str], None] = lambda line: None
    ) -> Self:
        """Boot for the first time, and let nobody see anybody."""
        allow_open_files(MOST_OPEN_FILES)
        operator, domain_id, project_id = await first_boot(dsn)
        stage = cls(dsn, Place("", operator, domain_id, project_id), scale, interval, say)
        async with stage.populating() as population:
            listed = await population.root.policy().list_policies(population.project_id, None, 10)
            for header in listed.headers:
                await population.root.policy().delete_policy(population.project_id, header.id, confirm=True)
        return stage

    def scaled(self, count: int, least: int = 2) -> int:
        """Return how many stand for so many."""
        return max(least, round(count * self.scale))

    @asynccontextmanager
    async def populating(self) -> AsyncIterator[Population]:
        """Lend a population while no server runs."""
        async with booted(settings_for(self.dsn, 0, pool_size=4)) as root:
            yield Population(
                root, DomainId(UUID(self.place.domain_id)), ProjectId(UUID(self.place.project_id))
            )

    async def classes(self, count: int) -> list[Populated]:
        """Put so many nodes in place, in classes of 51 that see each other and nobody else."""
        self.say(f"  putting {count} nodes in place …")
        async with self.populating() as population:
            await population.classes(0, -(-count // CLASS_SIZE))
            return await population.nodes(0, count)

    async def dense(self, count: int) -> list[Populated]:
        """Put so many nodes in place that all see each other."""
        self.say(f"  putting {count} nodes in place …")
        async with self.populating() as population:
            await population.policy("dense", "dense=yes", "allow", 443)
            async with population.root.platform().database():
                turn = await population.root.views().take_turn(population.domain_id)
                return [
                    await population.put(
                        replace(population.made(number), metadata={"dense": "yes"}), turn.revision
                    )
                    for number in range(count)
                ]

    @asynccontextmanager
    async def server(self, port: int, **environ: str) -> AsyncIterator[ServerProcess]:
        """Run a server on this port until the block ends; all its limits are those it has by itself."""
        given = {**OWN_LIMITS, "PLEXSPHERE_LISTEN": f"127.0.0.1:{port}", **environ}
        async with server_process(self.dsn, **given) as server:
            yield server

    @asynccontextmanager
    async def database(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection beside the server."""
        async with await AsyncConnection.connect(session_conninfo(self.dsn), autocommit=True) as connection:
            yield connection
