"""The real collections of fleet over one test database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from plexsphere.fleet.adapters.postgres.capabilities import PostgresCapabilities
from plexsphere.fleet.adapters.postgres.drift import PostgresDrift
from plexsphere.fleet.adapters.postgres.heartbeats import PostgresHeartbeatRecords
from plexsphere.fleet.adapters.postgres.liveness_clock import PostgresLivenessClock
from plexsphere.fleet.adapters.postgres.meshes import PostgresMeshes
from plexsphere.fleet.adapters.postgres.nodes import PostgresNodes
from plexsphere.fleet.adapters.postgres.silences import PostgresSilences
from plexsphere.fleet.adapters.postgres.stream_claims import PostgresStreamClaims
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import FleetKit, RowOnly
from tests.support.identity import FakeSealer
from tests.support.identity_postgres import lent_database

MAKE_DOMAIN: Final = """
INSERT INTO domains (id, slug, name, mesh_cidr, created_at, updated_at)
VALUES (%s, %s, 'Acme', '10.100.0.0/16', now(), now())
"""
# Nobody can turn the server's clock; the stored time moves back instead.
AGE: Final = "UPDATE released_addresses SET free_at = free_at - %s"
ROW: Final = "SELECT last_heartbeat_at, binary_checksum, clock_skewed FROM nodes WHERE id = %s"
MANIFEST: Final = "SELECT manifest FROM node_capabilities WHERE node_id = %s"


def postgres_fleet(database: Database) -> FleetKit:
    """Return the real adapters over one database."""

    async def make_domain(domain_id: DomainId) -> None:
        await _row(database, MAKE_DOMAIN, [domain_id, f"d-{domain_id}"])

    async def let_time_pass(by: timedelta) -> None:
        await _row(database, AGE, [by])

    async def stored_row(node_id: NodeId) -> RowOnly:
        return RowOnly(*await _row(database, ROW, [node_id]))

    async def stored_manifest(node_id: NodeId) -> Any:
        return (await _row(database, MANIFEST, [node_id]))[0]

    return FleetKit(
        unit_of_work=database,
        meshes=PostgresMeshes(database, FakeSealer(), EventLog(database)),
        nodes=PostgresNodes(database),
        heartbeats=PostgresHeartbeatRecords(database),
        capabilities=PostgresCapabilities(database),
        drift=PostgresDrift(database),
        liveness_clock=PostgresLivenessClock(database),
        silences=PostgresSilences(database),
        stream_claims=PostgresStreamClaims(database),
        make_domain=make_domain,
        let_time_pass=let_time_pass,
        stored_row=stored_row,
        stored_manifest=stored_manifest,
    )


async def _row(database: Database, statement: Any, given: list[Any]) -> Any:
    async with database.connection() as connection:
        cursor = await connection.execute(statement, given)
        return await cursor.fetchone() if cursor.description else None


@asynccontextmanager
async def lent_fleet(dsn: Secret[str]) -> AsyncGenerator[FleetKit]:
    """Lend the real adapters."""
    async with lent_database(dsn) as database:
        yield postgres_fleet(database)
