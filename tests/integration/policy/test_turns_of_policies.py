"""Processes that change policies of one Domain at once tell each pair once, and all come to know the same."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from plexsphere.composition.bridges.followed_mesh import FollowedMeshBridge
from plexsphere.composition.bridges.mesh_turn import MeshTurnBridge
from plexsphere.composition.bridges.policy_tellings import PolicyTellingsBridge
from plexsphere.composition.bridges.project_homes import ProjectHomesBridge
from plexsphere.composition.bridges.rule_texts import RuleTexts
from plexsphere.composition.bridges.sight import SightBridge
from plexsphere.composition.bridges.views import FollowedViews
from plexsphere.composition.projection import MeshProjection
from plexsphere.fleet.adapters.postgres.meshes import PostgresMeshes
from plexsphere.fleet.adapters.postgres.nodes import PostgresNodes
from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.identity.adapters.postgres.projects import PostgresProjects
from plexsphere.identity.application.get_project import GetProject
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.follower import Follower
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.rows import Row
from plexsphere.platform.events.sequencer import Sequencer
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.actions.offers import PostgresOffers
from plexsphere.policy.adapters.postgres.policies import PostgresPolicies
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from plexsphere.policy.application.dry_run_policy import DryRunPolicy
from plexsphere.policy.application.get_policy import Found, GetPolicy
from plexsphere.policy.application.update_policy import UpdatePolicy
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.domain.errors import PolicyNotFound, PolicySlugTaken, RevisionConflict
from tests.support.fleet import a_node
from tests.support.identity import FakeClock, FakeSealer
from tests.support.identity_postgres import lent_database
from tests.support.policy import DOMAIN, PROJECT, a_change, a_draft, a_rule
from tests.support.policy_postgres import make_projects

pytestmark = pytest.mark.postgres

NODES = 4
PAIRS = NODES * (NODES - 1) // 2


async def nothing_to_seal() -> int:
    return 0


class Process:
    """What one process holds: its own connections, views and use cases over the common database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.log = EventLog(database)
        self.inbox = EventInbox(database, lambda: None)
        self.meshes = PostgresMeshes(database, FakeSealer(), self.log)
        self.nodes, self.policies = PostgresNodes(database), PostgresPolicies(database)
        self.views = VisibilityViews()
        self.sight = SightBridge(self.views, self.policies, RuleTexts())
        mesh_views = MeshViews(self.sight)
        hub = StreamHub(self.sight, ReconcileBook(FakeClock()), FakeClock())
        reads = self.meshes, self.nodes, self.policies, PostgresOffers(database)
        projection = MeshProjection(database, *reads, mesh_views, self.views, OfferViews(), hub)
        self.follower = Follower(database, self.log, projection, Alarm())
        followed = FollowedViews(self.follower, mesh_views)
        homes = ProjectHomesBridge(GetProject(PostgresProjects(database)))
        turn = MeshTurnBridge(TakeTurn(followed, mesh_views, self.meshes, self.nodes, self.sight))
        shared = (turn, self.policies, self.views, PolicyTellingsBridge(self.inbox))
        find = GetPolicy(homes, self.policies)
        self.create = CreatePolicy(database, homes, *shared, FakeClock(), mint_id)
        self.update = UpdatePolicy(database, find, *shared, FakeClock(), mint_id)
        self.delete = DeletePolicy(database, find, *shared)
        self.dry_run = DryRunPolicy(find, FollowedMeshBridge(followed, self.sight), self.views)

    async def sequenced_rows(self) -> list[Row]:
        await Sequencer(self.database, nothing_to_seal, lambda: None, Alarm()).sequence()
        return await self.log.after(DOMAIN, 0, 1000)


@asynccontextmanager
async def two_processes(dsn: Secret[str]) -> AsyncGenerator[tuple[Process, Process]]:
    async with lent_database(dsn) as one, lent_database(dsn) as other:
        await make_projects(one)
        processes = Process(one), Process(other)
        await processes[0].meshes.close(DOMAIN)
        await processes[0].meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
        for number in range(1, NODES + 1):
            await processes[0].nodes.add(a_node(number, DOMAIN, project_id=PROJECT), number)
        yield processes


async def revision_of(process: Process) -> int:
    """How many changes had their turn."""
    mesh = await process.meshes.get(DOMAIN)
    assert mesh is not None
    return mesh.revision


def told(rows: list[Row], event_type: EventType) -> int:
    """Count who is told of a peer; nobody is told of itself."""
    return sum(
        frame.event_type is event_type and frame.subject != recipient
        for row in rows
        for frame in filter(None, row.frames)
        for recipient in row.recipients or ()
    )


async def test_two_policies_made_at_once_tell_each_pair_once(database: Secret[str]) -> None:
    async with two_processes(database) as (one, other):
        await asyncio.gather(
            *(one.create(a_draft(slug=f"one-{number}")) for number in range(3)),
            *(other.create(a_draft(slug=f"other-{number}")) for number in range(3)),
        )

        rows = await one.sequenced_rows()
        assert told(rows, EventType.PEER_ADDED) == 2 * PAIRS
        for process in (one, other):
            await process.follower.poll()
            assert process.views.index(DOMAIN).pairs() == PAIRS
        assert one.views.revision(DOMAIN) == other.views.revision(DOMAIN)


async def test_of_two_policies_with_one_slug_one_is_made(database: Secret[str]) -> None:
    async with two_processes(database) as (one, other):
        results = await asyncio.gather(one.create(a_draft()), other.create(a_draft()), return_exceptions=True)

        assert [isinstance(each, PolicySlugTaken) for each in results].count(True) == 1
        assert len((await one.policies.all_of(DOMAIN)).policies) == 1
        assert told(await one.sequenced_rows(), EventType.PEER_ADDED) == 2 * PAIRS


async def test_of_changes_written_upon_one_head_one_is_made(database: Secret[str]) -> None:
    async with two_processes(database) as (one, other):
        policy = (await one.create(a_draft())).policy
        ports = [a_rule("allow", "tcp", (port, port)) for port in range(1, 7)]
        changes = [replace(a_change(policy.id, rule), expected_head=policy.head.id) for rule in ports]
        updates = [each.update(change) for each, change in zip([one, other] * 3, changes, strict=True)]

        results = await asyncio.gather(*updates, return_exceptions=True)

        assert [isinstance(each, RevisionConflict) for each in results].count(True) == 5
        [updated] = [each for each in results if isinstance(each, Found)]
        assert await other.policies.get(DOMAIN, policy.id) == updated.policy
        assert updated.policy.head.number == 2


async def test_changes_made_at_once_follow_one_another_and_are_told_to_whom_they_concern(
    database: Secret[str],
) -> None:
    async with two_processes(database) as (one, other):
        policy = (await one.create(a_draft())).policy
        denials = [a_change(policy.id, a_rule("deny")) for _ in range(2)]

        await asyncio.gather(one.update(denials[0]), other.update(denials[1]), one.update(denials[0]))

        revisions = await other.policies.revisions(DOMAIN, policy.id, None, 10)
        assert [revision.number for revision in revisions.revisions] == [2, 1]
        rows = await one.sequenced_rows()
        assert told(rows, EventType.PEER_REMOVED) == 2 * PAIRS
        assert told(rows, EventType.POLICY_UPDATED) == 2 * NODES
        for process in (one, other):
            await process.follower.follow(DOMAIN)
            await process.follower.poll()
            assert process.views.index(DOMAIN).pairs() == 0


async def test_a_dry_run_knows_what_another_process_has_just_committed_and_takes_no_turn(
    database: Secret[str],
) -> None:
    async with two_processes(database) as (one, other):
        await one.create(a_draft(slug="first"))
        denial = a_change((await one.create(a_draft(slug="second"))).policy.id, a_rule("deny"))
        before = await revision_of(one)

        rehearsals = [await each.dry_run(PROJECT, denial.policy_id, denial.wording) for each in (one, other)]

        assert [each.lost.count for each in rehearsals] == [PAIRS, PAIRS]
        assert [each.unreachable.count for each in rehearsals] == [NODES, NODES]
        assert await revision_of(one) == before
        assert (await one.policies.revisions(DOMAIN, denial.policy_id, None, 9)).revisions[0].number == 1


async def test_a_policy_removed_twice_at_once_is_told_once(database: Secret[str]) -> None:
    async with two_processes(database) as (one, other):
        policy = (await one.create(a_draft())).policy
        removals = [each.delete(PROJECT, policy.id, confirm=False) for each in [one, other] * 2]

        results = await asyncio.gather(*removals, return_exceptions=True)

        assert [isinstance(each, PolicyNotFound) for each in results].count(True) == 3
        assert DOMAIN in results
        assert told(await one.sequenced_rows(), EventType.PEER_REMOVED) == 2 * PAIRS
        for process in (one, other):
            await process.follower.follow(DOMAIN)
            await process.follower.poll()
            assert process.views.index(DOMAIN).pairs() == 0
