"""A control plane to test against: inside this process, or as processes of its own that can be killed."""

import asyncio
import base64
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from plexsphere.composition.boot import booted
from plexsphere.composition.first_boot import FirstBoot
from plexsphere.composition.serving import serving
from plexsphere.composition.settings import Address, ManagedPushSettings, PushKeyRing, Settings
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.secret import Secret

WRAP_KEY: Final = bytes(range(32))
PUSH_WRAP_KEY: Final = bytes(range(1, 33))
# What a deployment sets to switch on what is off by itself.
EVERY_FEATURE: Final = {
    "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_B64": base64.b64encode(PUSH_WRAP_KEY).decode(),
}
PROVISIONED: Final = ManagedPushSettings(PushKeyRing(Secret(PUSH_WRAP_KEY)))
READY_SECONDS: Final = 30.0
LISTENING_PORTS: Final = range(12_000, 32_000)


class ShiftedClock(SystemClock):
    """The machine's clock, moved by as much as a test wants; the monotonic one moves forward with it."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return super().now() + self.shift

    def monotonic(self) -> float:
        return super().monotonic() + self.shift.total_seconds()


@dataclass(frozen=True)
class Place:
    """Where a control plane answers, and what an operator needs there."""

    base_url: str
    operator: Secret[str] = field(repr=False)
    domain_id: str
    project_id: str

    @asynccontextmanager
    async def as_operator(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client that sends the first operator's token."""
        headers = {"Authorization": f"Bearer {self.operator.reveal()}"}
        async with httpx.AsyncClient(base_url=self.base_url, headers=headers, timeout=30) as client:
            yield client

    async def bootstrap_tokens(self, count: int, **terms: Any) -> list[str]:
        """Issue bootstrap tokens for the default Project."""
        path = f"/v1/projects/{self.project_id}/bootstrap-tokens"
        async with self.as_operator() as client:
            answers = [await client.post(path, json=terms) for _ in range(count)]
        return [answer.raise_for_status().json()["token"] for answer in answers]


def settings_for(dsn: Secret[str], port: int, **changes: Any) -> Settings:
    """Return settings on a loopback port."""
    given: dict[str, Any] = {
        "dsn": dsn,
        "wrap_key": Secret(WRAP_KEY),
        "listen": Address("127.0.0.1", port),
        "tls": None,
        "spicedb": None,
        "register_failures_per_minute": 100_000,
        "credential_failures_per_minute": 100_000,
        "node_calls_per_minute": 900_000,
        "operator_calls_per_minute": 900_000,
        "pool_size": 16,
        "connections_per_address": 10_000,
        "trusted_proxies": (),
        "shares_loop": True,
    }
    return Settings(**{**given, **changes})


def free_port() -> int:
    """
    Return a port that nobody listens on at this moment.

    It is none that the system gives to outgoing connections: until somebody listens on it nobody else takes it.
    """
    for port in random.SystemRandom().sample(LISTENING_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("every port for tests is taken")


async def first_boot(dsn: Secret[str]) -> tuple[Secret[str], str, str]:
    """Make Domain and Project `default`, and return an operator's token with their ids."""
    async with booted(settings_for(dsn, 0, pool_size=4)) as root:
        boot = FirstBoot(root.platform().database, root.platform().trail, root.tenancy(), root.policy())
        await boot()
        project = (await root.tenancy().list_projects(1)).items[0]
        return await boot.operator_token(), str(project.domain_id), str(project.id)


@dataclass(frozen=True)
class Served(Place):
    """A control plane in this process; `root` is its object graph."""

    root: Any = field(repr=False, default=None)


@asynccontextmanager
async def served(
    dsn: Secret[str], *, clock: Clock | None = None, place: Place | None = None, **changes: Any
) -> AsyncIterator[Served]:
    """Serve in this process, on a real socket; `place` adds a server to a database that was booted before."""
    operator, domain_id, project_id = (
        (place.operator, place.domain_id, place.project_id) if place else await first_boot(dsn)
    )
    port = free_port()
    async with serving(settings_for(dsn, port, **changes), clock) as root:
        base_url = f"http://127.0.0.1:{port}"
        await until_readiness(base_url, 200)
        yield Served(base_url, operator, domain_id, project_id, root)
        root.process().stop()


@dataclass(frozen=True)
class ServerProcess:
    """`plexsphere serve` as a process."""

    base_url: str
    process: asyncio.subprocess.Process = field(repr=False)

    async def kill(self) -> None:
        """Kill it as -9 does."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def is_ready(self) -> bool:
        """Wait until it serves, and tell whether it does; False once it has ended."""
        ready = asyncio.create_task(until_readiness(self.base_url, 200))
        ended = asyncio.create_task(self.process.wait())
        await asyncio.wait((ready, ended), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        ended.cancel()
        return self.process.returncode is None

    async def terminate(self) -> int:
        """Ask it to end, and return its status."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


async def start_server(dsn: Secret[str], roles: str = "", **environ: str) -> ServerProcess:
    """
    Start `plexsphere serve`; without roles named it has all.

    It listens on a loopback port that was free a moment ago, unless PLEXSPHERE_LISTEN is given.
    """
    listen = environ.get("PLEXSPHERE_LISTEN") or f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "plexsphere.composition",
        "serve",
        *(["--roles", roles] if roles else []),
        env={
            **os.environ,
            "PLEXSPHERE_DSN": dsn.reveal(),
            "PLEXSPHERE_NSK_WRAP_KEY_B64": base64.b64encode(WRAP_KEY).decode(),
            "PLEXSPHERE_LISTEN": listen,
            "PLEXSPHERE_REGISTER_FAILURES_PER_MINUTE": "100000",
            "PLEXSPHERE_CREDENTIAL_FAILURES_PER_MINUTE": "100000",
            "PLEXSPHERE_NODE_CALLS_PER_MINUTE": "900000",
            "PLEXSPHERE_OPERATOR_CALLS_PER_MINUTE": "900000",
            **environ,
        },
        stdout=asyncio.subprocess.DEVNULL,
    )
    return ServerProcess(f"http://{listen}", process)


@asynccontextmanager
async def server_process(dsn: Secret[str], roles: str = "", **environ: str) -> AsyncIterator[ServerProcess]:
    """Run `plexsphere serve`, as `start_server` starts it, until the block ends."""
    server = await start_server(dsn, roles, **environ)
    try:
        await until_readiness(server.base_url, 200)
        yield server
    finally:
        await server.kill()


@asynccontextmanager
async def two_processes(dsn: Secret[str]) -> AsyncIterator[tuple[Place, ServerProcess, ServerProcess]]:
    """Run two server processes over one database, booted for the first time."""
    operator, domain_id, project_id = await first_boot(dsn)
    async with server_process(dsn) as one, server_process(dsn) as other:
        yield Place(one.base_url, operator, domain_id, project_id), one, other


async def until_readiness(base_url: str, status: int) -> httpx.Response:
    """Return the first answer of such a status to the question whether the process is ready."""
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(base_url=base_url) as client:
        while True:
            with suppress(httpx.TransportError):
                answer = await client.get("/v1/health")
                if answer.status_code == status:
                    return answer
            await asyncio.sleep(0.05)
