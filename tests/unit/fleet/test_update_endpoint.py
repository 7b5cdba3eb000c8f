"""An endpoint that is known costs nothing; a new one is told to whoever sees the node (design D28)."""

import pytest

from plexsphere.fleet.application.update_endpoint import PeerEndpoint, UpdateEndpoint
from plexsphere.fleet.domain.errors import InvalidEndpoint, NodeNotFound
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.fleet import DOMAIN, NOBODY, FleetStore, MemoryAnnouncements, a_node, memory_fleet
from tests.support.fleet_admission import GuardedUnitOfWork, MemoryAdmission
from tests.support.fleet_sight import FollowedFleet, grouped
from tests.support.identity import FakeClock

ONE, TWO, QUIET = grouped([a_node(1), a_node(2, endpoint="203.0.113.2:51820"), a_node(3)], "web")
UNSEEN = a_node(4, endpoint="203.0.113.4:51820")
HERE = "203.0.113.1:51820"


class Scene:
    """A mesh in which one peer has an endpoint and one has none."""

    def __init__(self) -> None:
        self.store = FleetStore(FakeClock())
        self.kit = memory_fleet(self.store)
        self.fleet = FollowedFleet(self.kit)
        self.unit_of_work = GuardedUnitOfWork(self.store, MemoryAdmission())
        self.update = UpdateEndpoint(
            self.unit_of_work,
            self.fleet.views,
            self.kit.nodes,
            self.fleet.sight,
            MemoryAnnouncements(self.store),
        )

    async def told(self, endpoint: str, nat: str = "none") -> list[PeerEndpoint]:
        """Report, and let the views know."""
        peers = await self.update(DOMAIN, ONE.id, endpoint, nat)
        await self.follow()
        return peers

    async def follow(self) -> None:
        """Let the views know every node as it is stored."""
        view = await self.fleet.views.of(DOMAIN)
        self.fleet.mesh_views.apply(DOMAIN, await self.kit.nodes.all_of(DOMAIN), view.revision)


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
    await scene.fleet.join(ONE, TWO, QUIET, UNSEEN)
    return scene


async def test_a_node_learns_where_its_visible_peers_are(scene: Scene) -> None:
    assert await scene.told(HERE) == [PeerEndpoint(TWO.id, "203.0.113.2:51820")]


async def test_a_new_endpoint_is_stored_and_told_to_whoever_sees_the_node(scene: Scene) -> None:
    await scene.told(HERE, "full_cone")

    node = await scene.kit.nodes.get(DOMAIN, ONE.id)
    assert node is not None
    assert (node.endpoint, node.nat_type) == (HERE, "full_cone")
    [row] = scene.store.state.announced
    assert (row.frames[0].event_type, row.subject, row.recipients) == (
        EventType.PEER_ENDPOINT_CHANGED,
        ONE.id,
        None,
    )


async def test_a_known_endpoint_costs_no_transaction_and_no_event(scene: Scene) -> None:
    """D28, in whichever way the same address is written."""
    await scene.told("[2001:db8::1]:51820")
    entered, told = scene.unit_of_work.entered, len(scene.store.state.announced)

    await scene.told("[2001:DB8:0:0::1]:51820")

    assert (scene.unit_of_work.entered, len(scene.store.state.announced)) == (entered, told)


async def test_another_nat_type_is_a_change(scene: Scene) -> None:
    await scene.told(HERE, "none")

    await scene.told(HERE, "symmetric")

    assert len(scene.store.state.announced) == 2


@pytest.mark.parametrize(("endpoint", "nat"), [("nowhere", "none"), (HERE, "carrier_grade"), ("", "")])
async def test_what_cannot_be_dialled_changes_nothing(scene: Scene, endpoint: str, nat: str) -> None:
    before = scene.store.state.copy()

    with pytest.raises(InvalidEndpoint):
        await scene.told(endpoint, nat)

    assert scene.store.state == before


async def test_a_node_that_left_is_not_found(scene: Scene) -> None:
    with pytest.raises(NodeNotFound):
        await scene.update(DOMAIN, NOBODY, HERE, "none")
