"""A Domain that cannot be swept keeps the nodes of no other where they are (C20, D26)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import pytest

from plexsphere.fleet.application.sweep_silences import SweepSilences
from plexsphere.fleet.domain.liveness import Patience
from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.domain.sight_change import MOST_EVENTS
from plexsphere.fleet.ports.heartbeats import Heartbeat
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, OTHER_DOMAIN, FleetKit, a_node
from tests.support.fleet_postgres import postgres_fleet
from tests.support.fleet_sight import FollowedFleet
from tests.support.identity import EPOCH
from tests.support.identity_postgres import lent_database

pytestmark = pytest.mark.postgres

# So many moves of a Domain take its turn.
NODES: Final = MOST_EVENTS + 1
HOLDER: Final = UUID(int=0xA1)
PATIENCE: Final = Patience.of_seconds(30, 90, 300)
SILENT_MS: Final = 200_000
BREAK: Final = "UPDATE meshes SET psk_base_sealed = 'x' WHERE domain_id = %s"
HOLD: Final = "SELECT FROM meshes WHERE domain_id = %s FOR UPDATE"
STALE: Final = {Reachability.STALE: NODES}
HEALTHY: Final = {Reachability.HEALTHY: NODES}


class TwoPatiences:
    """The same for both Domains."""

    async def all(self) -> dict[DomainId, Patience]:
        return {DOMAIN: PATIENCE, OTHER_DOMAIN: PATIENCE}


async def enrol(kit: FleetKit, domain_id: DomainId, first: int) -> list[Heartbeat]:
    await kit.make_domain(domain_id)
    async with kit.unit_of_work():
        await kit.meshes.open(domain_id, MeshRange.parse("10.100.0.0/16"))
        nodes = [
            a_node(number, domain_id, reachability=Reachability.HEALTHY)
            for number in range(first, first + NODES)
        ]
        for node in nodes:
            await kit.nodes.add(node, 1)
    return [Heartbeat(domain_id, node.id, EPOCH, "", clock_skewed=False, noted_at=0.0) for node in nodes]


@asynccontextmanager
async def silent_fleet(database: Database) -> AsyncIterator[tuple[FleetKit, SweepSilences]]:
    """Two Domains whose nodes have all been silent for too long, and what sweeps them."""
    kit = postgres_fleet(database)
    heard = [*await enrol(kit, DOMAIN, 1), *await enrol(kit, OTHER_DOMAIN, 1_001)]
    await kit.liveness_clock.take(HOLDER, 0)
    async with kit.unit_of_work():
        await kit.heartbeats.record(heard, 0.0)
    assert await kit.liveness_clock.advance(HOLDER, SILENT_MS, 0)
    fleet = FollowedFleet(kit)
    inbox = EventInbox(database, lambda: None)
    yield kit, SweepSilences(database, TwoPatiences(), kit.silences, fleet.take_turn, fleet.sight, inbox)


@pytest.mark.parametrize(("trouble", "other"), [(DOMAIN, OTHER_DOMAIN), (OTHER_DOMAIN, DOMAIN)])
async def test_a_domain_whose_base_cannot_be_opened_is_passed_over_and_named(
    database: Secret[str], caplog: pytest.LogCaptureFixture, trouble: DomainId, other: DomainId
) -> None:
    """C20: whichever of them comes first."""
    async with lent_database(database) as store, silent_fleet(store) as (kit, sweep):
        async with store.connection() as connection:
            await connection.execute(BREAK, [trouble])

        assert await sweep() == NODES

        assert await kit.silences.counts(other) == STALE
        assert await kit.silences.counts(trouble) == HEALTHY
        assert str(trouble) in caplog.text


async def test_a_domain_whose_turn_somebody_holds_is_swept_when_it_is_free(database: Secret[str]) -> None:
    """D26: the others are not kept waiting for another second."""
    async with lent_database(database) as store, silent_fleet(store) as (kit, sweep):
        async with lent_database(database) as elsewhere, elsewhere(), elsewhere.connection() as connection:
            await connection.execute(HOLD, [DOMAIN])
            assert await sweep() == NODES

        assert await sweep() == NODES
        assert await kit.silences.counts(DOMAIN) == await kit.silences.counts(OTHER_DOMAIN) == STALE
