"""The topology shows every visible pair both ways, up to a bound."""

import asyncio

import pytest

from plexsphere.fleet.application import get_topology
from plexsphere.fleet.application.get_topology import GetTopology
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.domain.topology import Edge
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.fleet import DOMAIN, OTHER_DOMAIN, FleetStore, a_node, memory_fleet
from tests.support.fleet_sight import FollowedFleet, grouped
from tests.support.identity import FakeClock

HEALTHY, SILENT = Reachability.HEALTHY, Reachability.NEVER_REPORTED
ONE, TWO, THREE = grouped(
    [a_node(1, reachability=HEALTHY), a_node(2, reachability=HEALTHY), a_node(3)], "web"
)
LONER = a_node(4)


@pytest.fixture
async def fleet() -> FollowedFleet:
    fleet = FollowedFleet(memory_fleet(FleetStore(FakeClock())))
    await fleet.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
    await fleet.join(THREE, ONE, LONER, TWO)
    return fleet


async def test_every_visible_pair_is_two_directed_edges(fleet: FollowedFleet) -> None:
    topology = await GetTopology(fleet.views, fleet.sight)(DOMAIN)

    assert topology.nodes == (ONE, TWO, THREE, LONER)
    assert topology.edges == (
        (Edge(ONE.id, TWO.id, HEALTHY), Edge(ONE.id, THREE.id, SILENT)),
        (Edge(TWO.id, ONE.id, HEALTHY), Edge(TWO.id, THREE.id, SILENT)),
        (Edge(THREE.id, ONE.id, SILENT), Edge(THREE.id, TWO.id, SILENT)),
        (),
    )
    assert topology.is_whole is True


async def test_a_mesh_with_too_many_edges_says_that_it_is_cut(
    fleet: FollowedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_topology, "MOST_EDGES", 5)

    topology = await GetTopology(fleet.views, fleet.sight)(DOMAIN)

    assert len(topology.nodes) == 4
    assert [len(leaving) for leaving in topology.edges] == [2, 2]
    assert topology.is_whole is False


async def test_a_large_topology_lets_others_work_meanwhile(fleet: FollowedFleet) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    working = asyncio.create_task(others())
    await GetTopology(fleet.views, fleet.sight)(DOMAIN)
    working.cancel()

    assert turns >= 4


async def test_a_domain_without_a_mesh_has_no_topology(fleet: FollowedFleet) -> None:
    with pytest.raises(DomainNotFound):
        await GetTopology(fleet.views, fleet.sight)(OTHER_DOMAIN)
