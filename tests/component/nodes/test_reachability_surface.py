"""The operators' surface of reachability over the real gate, bridge and use cases, with stores in memory."""

from typing import Final

import pytest

from plexsphere.composition.bridges.reachability import ReachabilityBridge
from plexsphere.fleet.application.confirm_departures import ConfirmDepartures
from plexsphere.fleet.application.get_reachability import MOST_NAMED, GetReachability
from plexsphere.fleet.domain.liveness import Patience
from plexsphere.fleet.domain.node import Reachability
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.subjects import domain_object
from tests.support.api import ABSENT, AS_ROBOT, DOMAIN, ROBOT, surface
from tests.support.fleet import FleetStore, MemoryTrail, a_node, memory_fleet
from tests.support.identity import FakeClock

PATH: Final = f"/v1/domains/{DOMAIN}/reachability"
WITHHELD: Final = 120


class OnePatience:
    """The only Domain's."""

    async def all(self) -> dict[DomainId, Patience]:
        return {DOMAIN: Patience.of_seconds(30, 90, 300)}


class Scene:
    """A Domain with nodes of every kind, most of them withheld."""

    def __init__(self) -> None:
        self.store = FleetStore(FakeClock())
        self.kit = memory_fleet(self.store)
        self.trail = MemoryTrail(self.store)
        patiences, silences, uow = OnePatience(), self.kit.silences, self.kit.unit_of_work
        self.surface = surface(
            reachability=ReachabilityBridge(
                uow,
                self.trail,
                GetReachability(patiences, silences),
                ConfirmDepartures(uow, patiences, silences),
            )
        )

    async def fill(self) -> None:
        await self.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
        for number, reachability in enumerate(Reachability, start=1):
            await self.kit.nodes.add(a_node(number, DOMAIN, reachability=reachability), 1)
        for number in range(1_000, 1_000 + WITHHELD):
            node = a_node(number, DOMAIN, reachability=Reachability.UNREACHABLE, is_withheld=True)
            await self.kit.nodes.add(node, 1)


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.fill()
    return scene


async def test_nodes_are_counted_by_reachability_and_the_first_withheld_are_named(scene: Scene) -> None:
    shown = (await scene.surface.call("GET", PATH)).json()

    assert shown["nodes"] == {"never_reported": 1, "healthy": 1, "stale": 1, "unreachable": 1 + WITHHELD}
    assert (shown["guard"]["holds"], shown["guard"]["withheld"]) == (True, WITHHELD)
    assert shown["guard"]["withheld_node_ids"] == [
        str(a_node(number).id) for number in range(1_000, 1_000 + MOST_NAMED)
    ]


async def test_a_confirmation_lets_the_guard_pass_and_is_written_down(scene: Scene) -> None:
    first = await scene.surface.call("POST", f"{PATH}/confirm")
    again = await scene.surface.call("POST", f"{PATH}/confirm")

    assert (first.status_code, again.status_code) == (200, 200)
    assert not first.json()["guard"]["holds"]
    assert first.json() == again.json()
    assert [(entry.relation, entry.chain, entry.object) for entry in scene.trail.entries] == [
        ("mesh.departures.confirm", DOMAIN, domain_object(DOMAIN))
    ] * 2


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/confirm")])
async def test_an_unknown_domain_is_told_to_those_who_may_know(scene: Scene, method: str, path: str) -> None:
    answer = await scene.surface.call(method, f"/v1/domains/{ABSENT}/reachability{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "domain_not_found")
    assert scene.trail.entries == []


async def test_who_may_read_may_not_confirm(scene: Scene) -> None:
    scene.surface.permissions.allow(ROBOT, "read", domain_object(DOMAIN))

    read = await scene.surface.call("GET", PATH, headers=AS_ROBOT)
    confirmed = await scene.surface.call("POST", f"{PATH}/confirm", headers=AS_ROBOT)

    assert (read.status_code, confirmed.status_code) == (200, 403)
    assert scene.trail.entries == []
