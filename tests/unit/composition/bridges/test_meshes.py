"""Tenancy's meshes, answered by fleet."""

import pytest

from plexsphere.composition.bridges.meshes import MeshesBridge
from plexsphere.fleet.application.change_mesh_range import ChangeMeshRange
from plexsphere.fleet.application.close_mesh import CloseMesh
from plexsphere.fleet.application.count_nodes import CountNodes
from plexsphere.fleet.application.open_mesh import OpenMesh
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.identity.domain.errors import MeshRangeInUse
from plexsphere.identity.ports.meshes import Meshes
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.fleet import (
    DOMAIN,
    OTHER_PROJECT,
    PROJECT,
    FleetKit,
    FleetStore,
    a_node,
    memory_fleet,
)
from tests.support.identity import FakeClock

WIDE, NARROW = MeshRange.parse("10.100.0.0/16"), MeshRange.parse("10.200.0.0/24")


@pytest.fixture
def kit() -> FleetKit:
    return memory_fleet(FleetStore(FakeClock()))


@pytest.fixture
def bridge(kit: FleetKit) -> Meshes:
    return MeshesBridge(
        OpenMesh(kit.unit_of_work, kit.meshes),
        ChangeMeshRange(kit.unit_of_work, kit.meshes),
        CloseMesh(kit.unit_of_work, kit.meshes),
        CountNodes(kit.nodes),
    )


async def test_a_domain_gets_a_mesh_changes_its_range_and_lets_it_go(kit: FleetKit, bridge: Meshes) -> None:
    await bridge.open(DOMAIN, WIDE)
    await bridge.change_range(DOMAIN, NARROW)

    assert str(await kit.meshes.take_address(DOMAIN, NodeKind.NODE)) == "10.200.0.1"
    await bridge.close(DOMAIN)
    assert await kit.meshes.get(DOMAIN) is None


async def test_tenancy_hears_in_its_own_words_that_a_range_is_in_use(kit: FleetKit, bridge: Meshes) -> None:
    await bridge.open(DOMAIN, WIDE)
    await kit.nodes.add(a_node(1), 1)

    with pytest.raises(MeshRangeInUse):
        await bridge.change_range(DOMAIN, NARROW)


async def test_nodes_are_counted_by_project_or_as_a_whole(kit: FleetKit, bridge: Meshes) -> None:
    for node in (a_node(1), a_node(2, project_id=OTHER_PROJECT)):
        await kit.nodes.add(node, 1)

    assert await bridge.count_nodes(DOMAIN, None) == 2
    assert await bridge.count_nodes(DOMAIN, PROJECT) == 1
