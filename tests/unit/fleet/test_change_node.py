"""Operators name and label nodes; whom it concerns is told, and nobody else."""

from dataclasses import replace
from uuid import UUID

import pytest

from plexsphere.fleet.application.change_node import ChangeNode
from plexsphere.fleet.application.delete_node_metadata import DeleteNodeMetadata
from plexsphere.fleet.application.patch_node import NodePatch, PatchNode
from plexsphere.fleet.application.put_node_metadata import PutNodeMetadata
from plexsphere.fleet.domain.errors import (
    InvalidMetadata,
    InvalidNodeName,
    MetadataKeyNotFound,
    NodeNotFound,
)
from plexsphere.fleet.domain.metadata import MOST_KEYS
from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.fleet import (
    DOMAIN,
    NOBODY,
    OTHER_DOMAIN,
    OTHER_PROJECT,
    FleetStore,
    MemoryAnnouncements,
    a_node,
    memory_fleet,
)
from tests.support.fleet_sight import GROUP, FollowedFleet, grouped
from tests.support.identity import FakeClock

ONE, TWO, THREE = grouped([a_node(1), a_node(2), a_node(3)], "web")
LONER = a_node(4, metadata={"role": "db"})
STRANGER = replace(a_node(5, project_id=OTHER_PROJECT), metadata={GROUP: "web"})


class Scene:
    """A mesh of five nodes, three of which see each other."""

    def __init__(self) -> None:
        self.store = FleetStore(FakeClock())
        kit = memory_fleet(self.store)
        self.nodes = kit.nodes
        self.fleet = FollowedFleet(kit)
        self.change = ChangeNode(
            kit.unit_of_work,
            self.fleet.take_turn,
            kit.nodes,
            self.fleet.sight,
            MemoryAnnouncements(self.store),
        )

    @property
    def told(self) -> list[Announcement]:
        return self.store.state.announced

    async def patch(self, node_id: NodeId, patch: NodePatch) -> None:
        await PatchNode(self.change)(DOMAIN, node_id, patch)


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.fleet.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
    await scene.fleet.join(ONE, TWO, THREE, LONER, STRANGER)
    return scene


async def test_a_patch_merges_metadata_and_null_removes_a_key(scene: Scene) -> None:
    patch = NodePatch(name="edge", metadata={"tier": "1", GROUP: None, "absent": None})

    changed = await PatchNode(scene.change)(DOMAIN, ONE.id, patch)

    assert (changed.name, changed.metadata) == ("edge", {"tier": "1"})
    assert (
        await scene.nodes.get(DOMAIN, ONE.id)
        == changed
        == replace(ONE, name="edge", metadata={"tier": "1"}, version=ONE.version + 1)
    )


async def test_a_new_name_is_told_to_followers_and_to_no_node(scene: Scene) -> None:
    await scene.patch(ONE.id, NodePatch(name="edge"))

    assert scene.told == [Announcement(DOMAIN, SubjectKind.NODE, ONE.id)]


async def test_a_new_label_is_told_to_the_node_itself_before_anything_else(scene: Scene) -> None:
    await scene.patch(LONER.id, NodePatch(metadata={GROUP: "web"}))

    own = scene.told[0]
    assert own.frames == (Frame(EventType.NODE_STATE_UPDATED, LONER.id),)
    assert own.recipients == (LONER.id,)


async def test_gained_peers_are_told_both_ways_and_strangers_hear_nothing(scene: Scene) -> None:
    await scene.patch(LONER.id, NodePatch(metadata={GROUP: "web"}))

    assert _heard(scene, EventType.PEER_ADDED) == {
        LONER.id: {ONE.id, TWO.id, THREE.id},
        **{node.id: {LONER.id} for node in (ONE, TWO, THREE)},
    }
    assert not _heard(scene, EventType.PEER_REMOVED)


async def test_lost_peers_are_told_both_ways_as_policy(scene: Scene) -> None:
    await scene.patch(ONE.id, NodePatch(metadata={GROUP: None}))

    assert _heard(scene, EventType.PEER_REMOVED) == {
        ONE.id: {TWO.id, THREE.id},
        TWO.id: {ONE.id},
        THREE.id: {ONE.id},
    }
    assert {row.reason for row in scene.told if _has(row, EventType.PEER_REMOVED)} == {"policy"}


async def test_a_label_that_selects_nothing_concerns_the_node_alone(scene: Scene) -> None:
    await PutNodeMetadata(scene.change)(DOMAIN, ONE.id, "topology.example.org/zone", "b")

    heard = {node for row in scene.told if row.frames for node in row.recipients or ()}
    assert heard == {ONE.id}


async def test_a_change_that_changes_nothing_is_not_told(scene: Scene) -> None:
    await PutNodeMetadata(scene.change)(DOMAIN, ONE.id, GROUP, "web")
    await scene.patch(ONE.id, NodePatch(name=ONE.name, metadata={"absent": None}))

    assert scene.told == []
    assert await scene.nodes.get(DOMAIN, ONE.id) == ONE


async def test_two_changes_of_one_node_build_upon_each_other(scene: Scene) -> None:
    await PutNodeMetadata(scene.change)(DOMAIN, LONER.id, "a", "1")
    await PutNodeMetadata(scene.change)(DOMAIN, LONER.id, "b", "2")

    stored = await scene.nodes.get(DOMAIN, LONER.id)
    assert stored is not None
    assert stored.metadata == {"role": "db", "a": "1", "b": "2"}


async def test_a_removed_key_is_gone_and_cannot_be_removed_again(scene: Scene) -> None:
    delete = DeleteNodeMetadata(scene.change)
    await delete(DOMAIN, LONER.id, "role")

    with pytest.raises(MetadataKeyNotFound):
        await delete(DOMAIN, LONER.id, "role")
    stored = await scene.nodes.get(DOMAIN, LONER.id)
    assert stored is not None
    assert stored.metadata == {}


@pytest.mark.parametrize(
    "metadata",
    [
        {"": "x"},
        {"k" * 64: "x"},
        {"ключ": "x"},
        {"a b": "x"},
        {"k": "x" * 256},
        {"k": "a\nb"},
        {"k": "\u202eb"},
        {f"k{number}": "x" for number in range(MOST_KEYS)},
    ],
)
async def test_a_label_that_breaks_a_rule_changes_nothing(scene: Scene, metadata: dict[str, str]) -> None:
    with pytest.raises(InvalidMetadata):
        await scene.patch(LONER.id, NodePatch(name="new", metadata=metadata))

    assert scene.told == []
    assert await scene.nodes.get(DOMAIN, LONER.id) == LONER


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "n" * 256, "\u202eevil", "\x7f"])
async def test_a_name_is_one_printable_line(scene: Scene, name: str) -> None:
    with pytest.raises(InvalidNodeName):
        await scene.patch(ONE.id, NodePatch(name=name))


async def test_nobody_changes_a_node_that_left_or_lives_in_another_domain(scene: Scene) -> None:
    await scene.fleet.kit.meshes.open(OTHER_DOMAIN, MeshRange.parse("10.100.0.0/16"))

    for domain_id, node_id in [(DOMAIN, NOBODY), (OTHER_DOMAIN, ONE.id)]:
        with pytest.raises(NodeNotFound):
            await PutNodeMetadata(scene.change)(domain_id, node_id, "a", "1")


def _heard(scene: Scene, event_type: EventType) -> dict[NodeId, set[UUID]]:
    heard: dict[NodeId, set[UUID]] = {}
    for row in scene.told:
        subjects = {frame.subject for frame in row.frames if frame.event_type is event_type}
        for node_id in row.recipients or ():
            heard.setdefault(node_id, set()).update(subjects - {node_id})
    return {node_id: subjects for node_id, subjects in heard.items() if subjects}


def _has(row: Announcement, event_type: EventType) -> bool:
    return any(frame.event_type is event_type for frame in row.frames)
