"""A control plane of two processes is upgraded, and rolled back, under load: nobody notices (decision 0036)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import psycopg
import pytest

from plexd.protocol.client.transport import Transport
from plexd.protocol.events.position import Position
from plexsphere.platform.kernel.secret import Secret
from tests.e2e.test_boot import DSN, KEY, WRAP, require_one_line
from tests.support.balancer import Balancer
from tests.support.command_line import plexsphere
from tests.support.control_plane import (
    Place,
    ServerProcess,
    first_boot,
    served,
    server_process,
    until_readiness,
)
from tests.support.event_reader import EventReader
from tests.support.event_scene import (
    add_policy,
    first_offsets,
    grouped_mesh,
    peers_within,
    places_due,
    policy,
    sequenced,
)
from tests.support.newer_version import EXPANDED, VERSION, NewerVersion, number_after
from tests.support.rolling_load import RollingLoad, Told
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

GROUPS, SIZE = 3, 8
WORK_SECONDS: Final = 1.5
EXPANSION: Final = f"{number_after(1):04}_planted"
CONTRACTION: Final = f"{number_after(2):04}_contracted"
# Newer code would use the new table; what older code uses is gone.
CONTRACTED: Final = (
    f"-- Planted.\n-- phase: contract\n-- floor: {number_after(1):04}\n\nDROP TABLE node_drift;"
)
BEATEN: Final = "SELECT id::text, last_heartbeat_at FROM nodes WHERE last_heartbeat_at IS NOT NULL"
LABELS: Final = "SELECT id::text, metadata ->> 'turn' FROM nodes WHERE metadata ? 'turn'"
RAISED: Final = "INSERT INTO plexsphere.schema_floors (migration, floor) VALUES (%s, %s)"
LIVE: Final = "SELECT id::text FROM nodes WHERE removed_at IS NULL"


@pytest.fixture
def newer(tmp_path: Path) -> NewerVersion:
    """The next version: one expansion, one contraction."""
    return NewerVersion.made(tmp_path / "newer", **{EXPANSION: EXPANDED, CONTRACTION: CONTRACTED})


@dataclass
class Fleet:
    """Processes behind a balancer, replaced one after the other."""

    dsn: Secret[str]
    balancer: Balancer
    stack: AsyncExitStack
    servers: list[ServerProcess]

    @classmethod
    @asynccontextmanager
    async def of_two(cls, dsn: Secret[str]) -> "AsyncIterator[Fleet]":
        """Run two processes of this version."""
        async with Balancer.listening() as balancer, AsyncExitStack() as stack:
            fleet = cls(dsn, balancer, stack, [])
            for _ in range(2):
                await fleet.start({})
            yield fleet

    async def start(self, environ: Mapping[str, str]) -> None:
        """Start one more process."""
        server = await self.stack.enter_async_context(server_process(self.dsn, **environ))
        self.servers.append(server)
        self.balancer.take_in(server.base_url)

    async def roll(self, environ: Mapping[str, str]) -> None:
        """End each process as a deployment does, and start another in its place, while the other serves."""
        for old in list(self.servers):
            self.balancer.take_out(old.base_url)
            self.servers.remove(old)
            assert await old.terminate() == 0
            await self.start(environ)
            await asyncio.sleep(WORK_SECONDS)

    async def versions(self) -> set[str]:
        """Return what the processes say they are."""
        async with httpx.AsyncClient() as client:
            answers = [await client.get(f"{each.base_url}/v1/version") for each in self.servers]
        return {str(answer.json()["version"]) for answer in answers}


async def test_two_processes_are_upgraded_and_rolled_back_under_load_and_no_call_fails_after_retry(
    database: Secret[str], newer: NewerVersion
) -> None:
    """C24: every event arrives in order, every acknowledged sign of life, label and enrolment is written."""
    operator, domain_id, project_id = await first_boot(database)
    async with Fleet.of_two(database) as fleet, Transport.connected(fleet.balancer.base_url) as transport:
        place = Place(fleet.balancer.base_url, operator, domain_id, project_id)
        groups = await grouped_mesh(place, transport, GROUPS, SIZE)
        await add_policy(place, policy("newcomers", "group=new", "group=new"))
        since = await first_offsets(database)
        older = await fleet.versions()
        load = RollingLoad(place, transport, groups, since)
        async with load.following():
            async with load.at_work():
                await asyncio.sleep(WORK_SECONDS)
                ended = await plexsphere("migrate", **{DSN: database.reveal()}, **newer.environ)
                await fleet.roll(newer.environ)
                upgraded = await fleet.versions()
                await fleet.roll({})
            await sequenced(database)
            due = await places_due(database, peers_within(groups), since)
            for reader in load.readers:
                await reader.until_true(10, partial(has_been_told, reader, due[reader.node.node_id]))
        statuses = [await server.terminate() for server in fleet.servers]

    assert (ended.status, ended.said.splitlines()[0]) == (0, f"applied {EXPANSION}")
    assert (upgraded, older - {VERSION}) == ({VERSION}, older)
    assert statuses == [0, 0]
    assert load.told.failed == []
    assert [fault for reader in load.readers for fault in reader.faults] == []
    assert {reader.node.node_id: list(reader.told) for reader in load.readers} == due
    require_written(database, load.told)


def has_been_told(reader: EventReader, due: list[Position]) -> bool:
    """Whether the node has as many events as the log holds for it."""
    return len(reader.told) >= len(due)


def require_written(database: Secret[str], told: Told) -> None:
    """Demand that whatever was acknowledged is in the database."""
    beaten = dict(rows(database, BEATEN))
    live = {str(row[0]) for row in rows(database, LIVE)}

    assert {node for node, at in told.beaten_at.items() if beaten[node] < at} == set()
    assert told.labels.items() <= dict(rows(database, LABELS)).items()
    assert {each.node_id for each in told.newcomers} <= live
    assert (told.calls > 100, bool(told.newcomers)) == (True, True)


async def test_an_older_process_says_that_it_needs_a_newer_version_once_the_schema_is_contracted(
    database: Secret[str], newer: NewerVersion
) -> None:
    """Told where a balancer looks, while it runs; and in one line when it starts."""
    environ = {DSN: database.reveal(), **newer.environ}
    await first_boot(database)
    async with server_process(database) as old, httpx.AsyncClient(base_url=old.base_url) as client:
        refused = await plexsphere("migrate", "--contract", **environ)
        before = await client.get("/v1/health")
        await old.terminate()
    planned = await plexsphere("migrate", "--contract", "--dry-run", **environ)
    held = await plexsphere("migrate", **environ)
    async with served(database) as place:
        # As if it were contracted by somebody who did not look who is connected.
        with psycopg.connect(database.reveal()) as connection:
            connection.execute(RAISED, [CONTRACTION, number_after(1)])
        after = await until_readiness(place.base_url, 503)
    contracted = await plexsphere("migrate", "--contract", **environ)
    again = await plexsphere("serve", **{DSN: database.reveal(), WRAP: KEY})

    require_one_line(refused, CONTRACTION, f"schema {number_after(0):04}", "stop them")
    assert before.status_code == 200
    assert planned.said.splitlines()[:1] == [f"would apply {CONTRACTION} (contract)"]
    assert f"held back {CONTRACTION}: it breaks processes below schema {number_after(1):04}" in held.said
    assert after.status_code == 503
    assert {"name": "schema", "status": "down", "detail": "needs a newer version"} in after.json()["checks"]
    assert contracted.said.splitlines()[0] == f"applied {CONTRACTION}"
    require_one_line(again, "contracted", f"schema {number_after(1):04}", "newer")
