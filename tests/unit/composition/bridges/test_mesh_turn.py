"""A change of a policy counts every node and policy that committed before it, however far the views lag."""

from dataclasses import dataclass

import pytest

from plexsphere.composition.bridges.mesh_turn import MeshTurnBridge
from plexsphere.composition.bridges.project_homes import ProjectHomesBridge
from plexsphere.composition.bridges.rule_texts import RuleTexts
from plexsphere.composition.bridges.sight import SightBridge
from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.identity.application.get_project import GetProject
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from tests.support.fleet import FleetStore, MemoryMeshes, MemoryNodes, a_node
from tests.support.identity import (
    CountingIds,
    FakeClock,
    MemoryProjects,
    MemoryStore,
    a_domain,
    a_project,
)
from tests.support.policy import DOMAIN, OTHER_DOMAIN, OTHER_PROJECT, PROJECT, a_draft
from tests.support.policy_desk import PolicyDesk

RANGE = MeshRange.parse("10.100.0.0/16")


@dataclass
class LazyViews:
    """Views that are loaded when first met, and never follow the log."""

    process: "Process"

    def loaded(self, domain_id: DomainId, /) -> MeshView | None:
        return self.process.mesh_views.loaded(domain_id)

    async def of(self, domain_id: DomainId, /) -> MeshView:
        view = self.loaded(domain_id) or await self.process.load(domain_id)
        if view is None:
            raise DomainNotFound(domain_id)
        return view

    def position(self, domain_id: DomainId, /) -> int:
        return 0

    async def catch_up(self, domain_id: DomainId, offset: int, /) -> None:
        """Nothing comes."""


class Process:
    """A process with views of its own, over stores that it shares with others."""

    def __init__(self, fleet: FleetStore, desk: PolicyDesk) -> None:
        self.desk = desk
        self.meshes, self.nodes = MemoryMeshes(fleet), MemoryNodes(fleet)
        self.sight = SightBridge(desk.views, desk.policies, RuleTexts())
        self.mesh_views = MeshViews(self.sight)
        self.turn = MeshTurnBridge(
            TakeTurn(LazyViews(self), self.mesh_views, self.meshes, self.nodes, self.sight)
        )
        shared = (self.turn, desk.policies, desk.views, desk.tellings)
        self.create = CreatePolicy(desk.unit_of_work, desk.projects, *shared, desk.clock, CountingIds(1000))
        self.delete = DeletePolicy(desk.unit_of_work, desk.get, *shared)

    async def load(self, domain_id: DomainId) -> MeshView | None:
        record = await self.meshes.get(domain_id)
        if record is not None:
            await self.desk.follow(domain_id)
            list(self.mesh_views.begin(domain_id, record, await self.nodes.all_of(domain_id)))
        return self.mesh_views.loaded(domain_id)

    async def join(self, number: int) -> None:
        revision = await self.meshes.take_turn(DOMAIN)
        await self.nodes.add(a_node(number, project_id=PROJECT), revision)


@pytest.fixture
async def process() -> Process:
    process = Process(FleetStore(FakeClock()), PolicyDesk())
    await process.meshes.open(DOMAIN, RANGE)
    return process


async def test_revisions_of_policies_and_nodes_come_from_one_count(process: Process) -> None:
    assert await process.turn.take(DOMAIN) == 1
    await process.join(1)
    assert await process.turn.take(DOMAIN) == 3


async def test_there_is_no_turn_where_there_is_no_domain(process: Process) -> None:
    assert await process.turn.take(OTHER_DOMAIN) is None


async def test_nodes_that_joined_elsewhere_are_counted(process: Process) -> None:
    await process.load(DOMAIN)
    for number in (1, 2, 3):
        await process.join(number)

    await process.create(a_draft())

    assert process.desk.told[-1][2].pairs_gained == 3


async def test_policies_made_elsewhere_are_counted(process: Process) -> None:
    for number in (1, 2, 3):
        await process.join(number)
    await process.load(DOMAIN)
    await process.create(a_draft(slug="first"))
    assert process.desk.views.index(DOMAIN).pairs() == 0

    created = await process.create(a_draft(slug="second"))

    assert process.desk.told[-1][2].pairs_before == 3
    assert process.desk.told[-1][2].pairs_gained == 0
    await process.delete(PROJECT, created.policy.id, confirm=False)
    assert process.desk.told[-1][2].pairs_lost == 0


async def test_identity_tells_where_a_project_is() -> None:
    store = MemoryStore(FakeClock())
    project = a_project(1, a_domain(2, "acme"), "web")
    store.state.projects[project.id] = project
    homes = ProjectHomesBridge(GetProject(MemoryProjects(store)))

    assert await homes.domain_of(project.id) == project.domain_id
    assert await homes.domain_of(OTHER_PROJECT) is None
