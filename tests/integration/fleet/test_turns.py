"""Changes of one mesh commit one after another, each upon what the one before left."""

import asyncio

import pytest

from plexsphere.fleet.application.change_node import ChangeNode
from plexsphere.fleet.application.put_node_metadata import PutNodeMetadata
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, a_node
from tests.support.fleet_postgres import postgres_fleet
from tests.support.fleet_sight import FollowedFleet
from tests.support.identity_postgres import lent_database

ONE = a_node(1)
CHANGES = 12


@pytest.mark.postgres
async def test_labels_set_at_the_same_time_all_last(database: Secret[str]) -> None:
    async with lent_database(database) as store:
        kit = postgres_fleet(store)
        await kit.make_domain(DOMAIN)
        await kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
        fleet = FollowedFleet(kit)
        await fleet.join(ONE)
        inbox = EventInbox(store, lambda: None)
        put = PutNodeMetadata(ChangeNode(store, fleet.take_turn, kit.nodes, fleet.sight, inbox))

        await asyncio.gather(*(put(DOMAIN, ONE.id, f"k{number}", "x") for number in range(CHANGES)))

        stored = await kit.nodes.get(DOMAIN, ONE.id)
        assert stored is not None
        assert set(stored.metadata) == {f"k{number}" for number in range(CHANGES)}
        assert stored.version == ONE.version + CHANGES
        async with store.connection() as connection:
            row = await (await connection.execute("SELECT count(*) FROM event_inbox")).fetchone()
        assert row == (2 * CHANGES,)
