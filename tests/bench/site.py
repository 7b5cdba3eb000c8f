"""Databases with so many nodes, and the servers that run on them."""

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx

from plexsphere.composition.boot import booted
from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from tests.bench.figure import Spent
from tests.bench.population import CLASS_SIZE, Populated, Population
from tests.bench.processes import Cpu, Wire, until_open
from tests.support.control_plane import WRAP_KEY, first_boot, free_port, settings_for
from tests.support.postgres import TestServer
from tests.unit.plexd.certificate import write_certificate

# Commits wait for the disk as on a server of its own: 5 ms, with fsync on.
HONEST: Final = {
    "commit_delay": "5000",
    "commit_siblings": "0",
    "fsync": "on",
    "shared_buffers": "256MB",
    "max_connections": "200",
}
# What a node or an operator may ask in a minute is no part of what is measured.
UNLIMITED: Final = {
    "PLEXSPHERE_REGISTER_FAILURES_PER_MINUTE": "100000",
    "PLEXSPHERE_NODE_CALLS_PER_MINUTE": "100000",
    "PLEXSPHERE_OPERATOR_CALLS_PER_MINUTE": "100000",
}


@dataclass(frozen=True, slots=True)
class Site:
    """A database with nodes in classes of 51, each seeing the other 50 of its class and nobody else."""

    dsn: Secret[str]
    operator: Secret[str]
    domain_id: str
    project_id: str
    nodes: list[Populated]

    @asynccontextmanager
    async def populating(self) -> AsyncIterator[Population]:
        """Lend a population while no server runs."""
        async with booted(settings_for(self.dsn, 0, pool_size=4)) as root:
            yield Population(root, DomainId(UUID(self.domain_id)), ProjectId(UUID(self.project_id)))


async def populated(dsn: Secret[str], count: int) -> Site:
    """Boot a migrated database for the first time, and put so many nodes into it."""
    operator, domain_id, project_id = await first_boot(dsn)
    site = Site(dsn, operator, domain_id, project_id, [])
    async with site.populating() as population:
        await population.no_policies()
        await population.classes(0, -(-count // CLASS_SIZE))
        site.nodes.extend(await population.nodes(0, count))
    return site


@dataclass(frozen=True, slots=True)
class Running:
    """A server process on a site."""

    site: Site
    wire: Wire
    cpu: Cpu
    postgres: Cpu

    @property
    def port(self) -> int:
        """Return where it listens."""
        return self.wire.port

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client with the first operator's token."""
        headers = {"Authorization": f"Bearer {self.site.operator.reveal()}"}
        verify = self.wire.context() or True
        async with httpx.AsyncClient(
            base_url=self.wire.base_url, headers=headers, timeout=120, verify=verify
        ) as client:
            yield client

    async def signing_key(self) -> str:
        """Return the key that agents verify events with."""
        node = self.site.nodes[0]
        async with self.operator() as client:
            headers = {"Authorization": f"Bearer {node.token}"}
            answer = await client.get(f"/v1/nodes/{node.node_id}/state", headers=headers)
        return str(answer.raise_for_status().json()["signing_keys"]["current"])

    @contextmanager
    def spending(self, units: int) -> Iterator[Callable[[], Spent]]:
        """Lend what tells the CPU time spent since the block began, for each unit."""
        server, postgres = self.cpu.seconds(), self.postgres.seconds()
        yield lambda: Spent(
            (self.cpu.seconds() - server) / units * 1000, (self.postgres.seconds() - postgres) / units * 1000
        )


@dataclass
class Bench:
    """One PostgreSQL with a database for each size, made at first demand and kept to the end."""

    folder: Path
    say: Callable[[str], None]
    stack: ExitStack
    databases: TestServer = field(init=False)
    postgres: Cpu = field(init=False)
    certificate: tuple[Path, Path] = field(init=False)
    _sites: dict[int, Site] = field(default_factory=dict)

    def begin(self) -> None:
        """Start PostgreSQL."""
        postgres = EmbeddedPostgres(
            self.folder / "data", settings=HONEST, elsewhere=self.folder / "elsewhere"
        )
        self.stack.enter_context(postgres)
        self.databases, self.postgres = TestServer(postgres), Cpu(postgres.pid)
        self.certificate = write_certificate(self.folder)

    async def site(self, size: int) -> Site:
        """Return the database with so many nodes, rounded up to whole classes."""
        if size not in self._sites:
            self._sites[size] = await self._made(-(-size // CLASS_SIZE) * CLASS_SIZE)
        return self._sites[size]

    async def _made(self, count: int) -> Site:
        self.say(f"  putting {count} nodes in place …")
        dsn = await asyncio.to_thread(self.stack.enter_context, self.databases.migrated_database())
        return await populated(dsn, count)

    @asynccontextmanager
    async def server(self, site: Site, *, tls: bool, **environ: str) -> AsyncIterator[Running]:
        """Run `plexsphere serve` until the block ends, with this in its environment beside what it needs."""
        wire = Wire(free_port(), str(self.certificate[0]) if tls else "")
        arguments = ("-m", "plexsphere.composition", "serve")
        surroundings = {**self._environ(site, wire), **environ}
        async with process(wire, self._log, *arguments, environ=surroundings) as cpu:
            yield Running(site, wire, cpu, self.postgres)

    @asynccontextmanager
    async def yardstick(self, *, tls: bool) -> AsyncIterator[tuple[Wire, Cpu]]:
        """Run the yardstick server until the block ends."""
        wire = Wire(free_port(), str(self.certificate[0]) if tls else "")
        files = [str(file) for file in self.certificate] if tls else []
        arguments = ("-m", "tests.bench.yardstick_server", str(wire.port), *files)
        async with process(wire, self._log, *arguments) as cpu:
            yield wire, cpu

    @property
    def _log(self) -> Path:
        return self.folder / "servers.log"

    def _environ(self, site: Site, wire: Wire) -> dict[str, str]:
        secure = {
            "PLEXSPHERE_TLS_CERT_FILE": str(self.certificate[0]),
            "PLEXSPHERE_TLS_KEY_FILE": str(self.certificate[1]),
        }
        return {
            **UNLIMITED,
            "PLEXSPHERE_DSN": site.dsn.reveal(),
            "PLEXSPHERE_NSK_WRAP_KEY_B64": b64encode(WRAP_KEY).decode(),
            "PLEXSPHERE_LISTEN": f"127.0.0.1:{wire.port}",
            **(secure if wire.ca else {}),
        }


@asynccontextmanager
async def process(
    wire: Wire, log: Path, *arguments: str, environ: dict[str, str] | None = None
) -> AsyncIterator[Cpu]:
    """Run a Python process until the block ends, from the moment it listens; what it says goes into a file."""
    with log.open("ab") as said:
        running = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**os.environ, **(environ or {})}, stdout=said, stderr=said
        )
    try:
        await until_open(wire)
        yield Cpu(running.pid)
    finally:
        running.kill()
        await running.wait()
