"""Tenancy's meshes, answered by fleet."""

import pytest

from plexsphere.composition.bridges.meshes import MeshesBridge
from plexsphere.fleet.application.change_mesh_range import ChangeMeshRange
from plexsphere.fleet.application.close_mesh import CloseMesh
from plexsphere.fleet.application.count_nodes import CountNodes
from plexsphere.fleet.application.note_denied_packets import NoteDeniedPackets
from plexsphere.fleet.application.open_mesh import OpenMesh
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.identity.domain.errors import MeshRangeInUse
from plexsphere.identity.ports.meshes import Meshes
from plexsphere.platform.kernel.events import EventType, Frame, SubjectKind
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
from tests.support.fleet_sight import FollowedFleet
from tests.support.identity import FakeClock, HeardAnnouncements

WIDE, NARROW = MeshRange.parse("10.100.0.0/16"), MeshRange.parse("10.200.0.0/24")


@pytest.fixture
def kit() -> FleetKit:
    return memory_fleet(FleetStore(FakeClock()))


@pytest.fixture
def fleet(kit: FleetKit) -> FollowedFleet:
    return FollowedFleet(kit)


@pytest.fixture
def heard() -> HeardAnnouncements:
    return HeardAnnouncements()


@pytest.fixture
def bridge(kit: FleetKit, fleet: FollowedFleet, heard: HeardAnnouncements) -> Meshes:
    return MeshesBridge(
        OpenMesh(kit.unit_of_work, kit.meshes),
        ChangeMeshRange(kit.unit_of_work, kit.meshes),
        NoteDeniedPackets(kit.unit_of_work, fleet.take_turn, kit.meshes, heard),
        CloseMesh(kit.unit_of_work, kit.meshes),
        CountNodes(kit.nodes),
    )


async def test_a_domain_gets_a_mesh_changes_its_range_and_lets_it_go(kit: FleetKit, bridge: Meshes) -> None:
    await bridge.open(DOMAIN, WIDE, log_denied=True)
    await bridge.change_range(DOMAIN, NARROW)

    assert str(await kit.meshes.take_address(DOMAIN, NodeKind.NODE)) == "10.200.0.1"
    await bridge.close(DOMAIN)
    assert await kit.meshes.get(DOMAIN) is None


async def test_tenancy_hears_in_its_own_words_that_a_range_is_in_use(kit: FleetKit, bridge: Meshes) -> None:
    await bridge.open(DOMAIN, WIDE, log_denied=True)
    await kit.nodes.add(a_node(1), 1)

    with pytest.raises(MeshRangeInUse):
        await bridge.change_range(DOMAIN, NARROW)


async def test_nodes_are_counted_by_project_or_as_a_whole(kit: FleetKit, bridge: Meshes) -> None:
    for node in (a_node(1), a_node(2, project_id=OTHER_PROJECT)):
        await kit.nodes.add(node, 1)

    assert await bridge.count_nodes(DOMAIN, None) == 2
    assert await bridge.count_nodes(DOMAIN, PROJECT) == 1


async def test_every_node_is_told_whether_to_note_what_it_refuses_and_nobody_else(
    kit: FleetKit, fleet: FollowedFleet, heard: HeardAnnouncements, bridge: Meshes
) -> None:
    await bridge.open(DOMAIN, WIDE, log_denied=False)
    await fleet.join(a_node(1), a_node(2))

    await bridge.note_denied(DOMAIN, log_denied=True)

    mesh = await kit.meshes.get(DOMAIN)
    assert mesh is not None
    assert mesh.log_denied
    [row] = heard.rows
    assert (row.kind, row.subject, row.recipients) == (
        SubjectKind.POLICY,
        DOMAIN,
        (a_node(1).id, a_node(2).id),
    )
    assert row.frames == (Frame(EventType.POLICY_UPDATED, DOMAIN),)
