"""A node leaves with its identity, and every remaining pair of its former peers is fresh (design D14, D34)."""

import pytest

from plexsphere.fleet.application.remove_node import RemoveNode
from plexsphere.fleet.domain.errors import ConfirmationRequired, NodeNotFound
from plexsphere.fleet.domain.node import Node
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.fleet import (
    DOMAIN,
    FleetStore,
    HeardErrands,
    HeardManifests,
    MemoryAnnouncements,
    a_node,
    memory_fleet,
)
from tests.support.fleet_admission import GuardedUnitOfWork, MemoryAdmission
from tests.support.fleet_sight import SPOKE, FollowedFleet, grouped
from tests.support.identity import FakeClock

ONE, TWO, THREE = grouped([a_node(1), a_node(2), a_node(3)], "web")
LONER = a_node(4)
HUB, *SPOKES = grouped([a_node(100), *(a_node(n, metadata={SPOKE: ""}) for n in range(101, 202))], "star")


class Scene:
    """A mesh of nodes that have identities."""

    def __init__(self) -> None:
        self.store = FleetStore(FakeClock())
        self.kit = memory_fleet(self.store)
        self.fleet = FollowedFleet(self.kit)
        self.admission = MemoryAdmission()
        self.manifests, self.errands = HeardManifests(), HeardErrands()
        self.remove = RemoveNode(
            GuardedUnitOfWork(self.store, self.admission),
            self.fleet.take_turn,
            self.kit.nodes,
            self.admission,
            self.manifests,
            self.errands,
            self.fleet.sight,
            MemoryAnnouncements(self.store),
        )

    async def join(self, *nodes: Node) -> None:
        await self.fleet.join(*nodes)
        self.admission.door.drawn |= {node.id: 1 for node in nodes}

    async def epoch(self, node: Node) -> int:
        found = await self.kit.nodes.get(DOMAIN, node.id)
        assert found is not None
        return found.psk_epoch


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
    await scene.join(ONE, TWO, THREE, LONER)
    return scene


async def test_identity_and_place_end_together_and_former_peers_get_fresh_keys(scene: Scene) -> None:
    await scene.remove(DOMAIN, ONE.id, "deregistered", confirm=False)

    assert await scene.kit.nodes.get(DOMAIN, ONE.id) is None
    assert ONE.id not in scene.admission.door.drawn
    assert scene.manifests.withdrawn == scene.errands.called_off == [(DOMAIN, ONE.id)]
    assert [await scene.epoch(node) for node in (TWO, THREE, LONER)] == [2, 2, 1]
    removed, *fresh = scene.store.state.announced
    assert (removed.frames[0].event_type, removed.reason) == (EventType.PEER_REMOVED, "deregistered")
    assert removed.recipients == (TWO.id, THREE.id)
    assert {frame.event_type for row in fresh for frame in row.frames} == {EventType.PEER_KEY_ROTATED}


async def test_its_identity_is_ended_before_the_turn_is_taken(scene: Scene) -> None:
    """H40: a repeated registration locks in this order too; the other way round the two could deadlock."""
    await scene.remove(DOMAIN, ONE.id, "removed", confirm=True)
    before = scene.store.state.meshes[DOMAIN].revision

    with pytest.raises(NodeNotFound):
        await scene.remove(DOMAIN, ONE.id, "removed", confirm=True)

    assert scene.admission.asked == ["end", "end"]
    assert scene.store.state.meshes[DOMAIN].revision == before


async def test_a_node_that_is_not_there_is_not_found_and_nothing_changes(scene: Scene) -> None:
    before = scene.store.state.copy()

    with pytest.raises(NodeNotFound):
        await scene.remove(DOMAIN, a_node(99).id, "removed", confirm=True)

    assert scene.store.state == before


async def test_an_identity_without_a_place_is_not_ended(scene: Scene) -> None:
    scene.admission.door.drawn |= {a_node(99).id: 1}

    with pytest.raises(NodeNotFound):
        await scene.remove(DOMAIN, a_node(99).id, "removed", confirm=True)

    assert a_node(99).id in scene.admission.door.drawn


async def test_most_of_a_mesh_vanishes_only_with_a_confirmation(scene: Scene) -> None:
    """D34: refused, the identity lives on; confirmed, the node is gone."""
    await scene.join(HUB, *SPOKES)
    before = scene.store.state.copy()

    with pytest.raises(ConfirmationRequired):
        await scene.remove(DOMAIN, HUB.id, "removed", confirm=False)

    assert scene.store.state == before
    assert HUB.id in scene.admission.door.drawn
    await scene.remove(DOMAIN, HUB.id, "removed", confirm=True)
    assert await scene.kit.nodes.get(DOMAIN, HUB.id) is None
