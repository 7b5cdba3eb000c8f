"""A selector means the live nodes of one Project, as their labels are now."""

from dataclasses import replace

import pytest

from plexsphere.composition.bridges.cohorts import CohortsBridge
from plexsphere.fleet.application import read_live_nodes
from plexsphere.fleet.application.find_node import FindNode
from plexsphere.fleet.application.find_silent_nodes import FindSilentNodes
from plexsphere.fleet.application.read_live_nodes import ReadLiveNodes
from plexsphere.fleet.domain.node import Node, Reachability
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.policy.domain.selector import Selector
from tests.support.fleet import DOMAIN, OTHER_DOMAIN, FleetKit, FleetStore, a_node, memory_fleet
from tests.support.fleet_sight import FollowedFleet
from tests.support.identity import FakeClock
from tests.support.policy import OTHER_PROJECT
from tests.support.steps import driven

WEB, DATABASE, EVERYONE = map(Selector.parse, ("app=web", "app=db", "*"))
PROJECT = a_node(1).project_id


class Site:
    """A followed Domain, and what asks it."""

    def __init__(self) -> None:
        self.kit: FleetKit = memory_fleet(FleetStore(FakeClock()))
        self.fleet = FollowedFleet(self.kit)
        self.cohorts = CohortsBridge(
            FindNode(self.kit.nodes),
            ReadLiveNodes(self.fleet.views, self.kit.nodes),
            FindSilentNodes(self.kit.silences),
        )

    async def inhabit(self, *nodes: Node) -> None:
        await self.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
        await self.fleet.join(*nodes)

    async def selected(self, selector: Selector) -> set[NodeId]:
        return set(await self.cohorts.selected(DOMAIN, PROJECT, selector))


async def test_a_selector_means_the_live_nodes_of_its_project() -> None:
    site = Site()
    web, database = a_node(1, metadata={"app": "web"}), a_node(2, metadata={"app": "db"})
    await site.inhabit(web, database, a_node(3, metadata={"app": "web"}, project_id=OTHER_PROJECT))

    assert await site.selected(WEB) == {web.id}
    assert await site.selected(EVERYONE) == {web.id, database.id}
    assert await site.cohorts.selected(DomainId(OTHER_DOMAIN), PROJECT, EVERYONE) == frozenset()


async def test_a_large_domain_is_looked_through_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_live_nodes, "AT_ONCE", 2)
    site = Site()
    await site.inhabit(*(a_node(number) for number in range(1, 6)))
    nodes, steps = driven(site.cohorts.read_live_nodes(DOMAIN))

    assert steps == 3
    assert sorted(node.id for node in nodes) == [a_node(number).id for number in range(1, 6)]


async def test_labels_count_as_they_are_though_the_view_lags() -> None:
    site = Site()
    web, gone = a_node(1, metadata={"app": "web"}), a_node(2, metadata={"app": "web"})
    await site.inhabit(web, gone)
    async with site.kit.unit_of_work():
        revision = await site.kit.meshes.take_turn(DOMAIN)
        await site.kit.nodes.set_named(replace(web, metadata={"app": "db"}), revision)
        await site.kit.nodes.depart(DOMAIN, gone.id, revision)

    assert await site.selected(DATABASE) == {web.id}
    assert await site.selected(EVERYONE) == {web.id}


async def test_a_node_is_meant_in_its_own_project_alone() -> None:
    site = Site()
    node = a_node(1)
    await site.inhabit(node)

    assert await site.cohorts.node(DOMAIN, PROJECT, node.id) == {node.id}
    assert await site.cohorts.node(DOMAIN, OTHER_PROJECT, node.id) == frozenset()
    assert await site.cohorts.node(OTHER_DOMAIN, PROJECT, node.id) == frozenset()
    assert await site.cohorts.node(DOMAIN, PROJECT, a_node(9).id) == frozenset()


async def test_who_missed_heartbeats_is_silent() -> None:
    site = Site()
    heard, stale = a_node(1), a_node(2, reachability=Reachability.STALE)
    await site.inhabit(heard, stale)

    assert await site.cohorts.silent_among(DOMAIN, [heard.id, stale.id]) == {stale.id}
