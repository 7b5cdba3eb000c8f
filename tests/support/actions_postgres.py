"""Actions over one real database: use cases as a process has them, nodes to run them, and time that passes."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.actions.callbacks import PostgresCallbacks
from plexsphere.policy.adapters.postgres.actions.executions import PostgresExecutions
from plexsphere.policy.adapters.postgres.actions.idempotency_keys import PostgresIdempotencyKeys
from plexsphere.policy.adapters.postgres.actions.local_executions import PostgresLocalExecutions
from plexsphere.policy.adapters.postgres.actions.offers import PostgresOffers
from plexsphere.policy.adapters.postgres.actions.overdue_targets import PostgresOverdueTargets
from plexsphere.policy.adapters.postgres.actions.rollouts import PostgresRollouts
from plexsphere.policy.application.actions.cancel_execution import CancelExecution
from plexsphere.policy.application.actions.cohort import Cohort
from plexsphere.policy.application.actions.dispatch_action import DispatchAction
from plexsphere.policy.application.actions.dispatch_draft import DispatchDraft
from plexsphere.policy.application.actions.end_targets_of_node import EndTargetsOfNode
from plexsphere.policy.application.actions.expire_targets import ExpireTargets
from plexsphere.policy.application.actions.get_execution import GetExecution
from plexsphere.policy.application.actions.get_target import GetTarget
from plexsphere.policy.application.actions.list_executions import ListExecutions
from plexsphere.policy.application.actions.list_local_executions import ListLocalExecutions
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.application.actions.recheck_wave import RecheckWave
from plexsphere.policy.application.actions.release_wave import ReleaseWave
from plexsphere.policy.application.actions.sweep_executions import SweepExecutions
from plexsphere.policy.application.actions.take_acknowledgement import TakeAcknowledgement
from plexsphere.policy.application.actions.take_result import TakeResult
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.actions.status import TargetStatus
from plexsphere.policy.domain.selector import Selector
from plexsphere.policy.ports.actions.announced_actions import Announced
from tests.support.identity_postgres import lent_database
from tests.support.policy import AUTHOR, DOMAIN, HOMES, PROJECT
from tests.support.policy_postgres import make_projects

BACKUP: Final = ActionDefinition(ActionType.HOOK, "backup", timeout_seconds=300, source="script")
DONE: Final = Report(TargetStatus.SUCCEEDED, stdout="all is well", duration="2.34s")
BROKEN: Final = Report(TargetStatus.FAILED, exit_code=-9, stderr="no")
INFO: Final = ActionDefinition(ActionType.BUILTIN, "system.info")

MAKE_NODES: Final = """
INSERT INTO nodes (domain_id, id, project_id, kind, name, hostname, public_key, mesh_ip, revision, created_at)
SELECT %(domain)s, id, %(project)s, 'node', id::text, id::text, sha256(id::text::bytea),
       '10.100.0.0'::inet + %(before)s + place, 1, now()
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS given (id, place)
"""
# Nobody can turn the server's clock; every stored time moves back instead.
AGE: Final = (
    """
    UPDATE executions SET created_at = created_at - %(by)s, updated_at = updated_at - %(by)s,
        ended_at = ended_at - %(by)s
    """,
    """
    UPDATE execution_targets SET created_at = created_at - %(by)s, updated_at = updated_at - %(by)s,
        released_at = released_at - %(by)s, deadline = deadline - %(by)s, ended_at = ended_at - %(by)s
    """,
    "UPDATE execution_rollouts SET closes_at = closes_at - %(by)s, looked_at = looked_at - %(by)s",
    "UPDATE execution_keys SET created_at = created_at - %(by)s",
    "UPDATE local_executions SET recorded_at = recorded_at - %(by)s",
)


def a_node_id(number: int) -> NodeId:
    """Return the id of the node of a number."""
    return NodeId(UUID(int=0xE000 + number))


@dataclass
class Fleet:
    """What fleet, identity and the nodes themselves would say: answers the ports that actions have towards others."""

    nodes: list[NodeId] = field(default_factory=list)
    homes: Mapping[ProjectId, DomainId] = field(default_factory=lambda: HOMES)
    silent: set[NodeId] = field(default_factory=set)
    definitions: dict[NodeId, dict[tuple[ActionType, str], Announced]] = field(default_factory=dict)
    stored: dict[NodeId, frozenset[str]] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)

    def announce(self, definition: ActionDefinition, *nodes: NodeId, is_drifted: bool = False) -> None:
        """Let these nodes, or all, have announced an action."""
        for node_id in nodes or self.nodes:
            known = self.definitions.setdefault(node_id, {})
            known[definition.type, definition.name] = Announced(definition, is_drifted)

    async def domain_of(self, project_id: ProjectId, /) -> DomainId | None:
        return self.homes.get(project_id)

    async def node(self, domain_id: DomainId, project_id: ProjectId, node_id: NodeId, /) -> frozenset[NodeId]:
        return frozenset({node_id} & set(self.nodes))

    async def selected(
        self, domain_id: DomainId, project_id: ProjectId, selector: Selector, /
    ) -> frozenset[NodeId]:
        return frozenset(self.nodes) if selector.text == "*" else frozenset()

    async def silent_among(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> frozenset[NodeId]:
        return frozenset(self.silent & set(nodes))

    async def of(
        self, domain_id: DomainId, action_type: ActionType, name: str, nodes: Sequence[NodeId], /
    ) -> Mapping[NodeId, Announced]:
        known = ((each, self.definitions.get(each, {}).get((action_type, name))) for each in nodes)
        return {node_id: announced for node_id, announced in known if announced is not None}


@dataclass(frozen=True)
class StoredChecksums:
    """Answers the port `UpgradeChecksums`."""

    fleet: Fleet

    async def of(
        self, domain_id: DomainId, version: str, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, frozenset[str]]:
        if version in self.fleet.withdrawn:
            return {}
        return {each: self.fleet.stored[each] for each in nodes if each in self.fleet.stored}

    async def is_withdrawn(self, version: str, /) -> bool:
        return version in self.fleet.withdrawn


class Process:
    """The use cases of one process, over a database pool of its own."""

    def __init__(self, database: Database, fleet: Fleet) -> None:
        self.database = database
        trail, inbox = PostgresAuditTrail(database), EventInbox(database, lambda: None)
        self.executions = executions = PostgresExecutions(database)
        callbacks, rollouts = PostgresCallbacks(database), PostgresRollouts(database)
        self.local_executions, self.keys = (
            PostgresLocalExecutions(database),
            PostgresIdempotencyKeys(database),
        )
        self.offers, self.offer_views = PostgresOffers(database), OfferViews()
        recheck = RecheckWave(rollouts, fleet, trail)
        self.release_wave = ReleaseWave(rollouts, executions, fleet, recheck, inbox, trail)
        cohort = Cohort(fleet, fleet, StoredChecksums(fleet))
        self.dispatch = DispatchAction(
            database, fleet, self.keys, cohort, executions, self.release_wave, inbox, trail, mint_id
        )
        overdue = PostgresOverdueTargets(database)
        self.sweep = SweepExecutions(
            database,
            overdue,
            rollouts,
            executions,
            self.keys,
            ExpireTargets(database, overdue, executions, fleet, inbox),
            self.release_wave,
            rest=timedelta(0),
        )
        self.get = GetExecution(fleet, executions)
        self.target = GetTarget(fleet, executions)
        self.list = ListExecutions(fleet, executions)
        self.list_local = ListLocalExecutions(self.local_executions)
        self.cancel = CancelExecution(database, self.get, rollouts, executions, inbox, trail)
        self.acknowledge = TakeAcknowledgement(
            database, callbacks, executions, inbox, trail, self.offer_views
        )
        self.report = TakeResult(
            database, callbacks, executions, self.local_executions, inbox, trail, self.offer_views
        )
        self._end_targets = EndTargetsOfNode(executions, inbox)

    async def leave(self, domain_id: DomainId, node_id: NodeId) -> None:
        """Do what the removal of the node does to its targets."""
        async with self.database():
            await self._end_targets(domain_id, node_id)


@dataclass(frozen=True)
class ActionSite:
    """A Domain with nodes, and two processes that serve it."""

    fleet: Fleet
    one: Process
    other: Process

    async def join(self, count: int) -> list[NodeId]:
        """Let so many more nodes exist, each with a builtin and a hook."""
        before = len(self.fleet.nodes)
        nodes = [a_node_id(number) for number in range(before + 1, before + count + 1)]
        given = {"domain": DOMAIN, "project": PROJECT, "before": before, "ids": nodes}
        await self.run(MAKE_NODES, given)
        self.fleet.nodes += nodes
        self.fleet.announce(BACKUP, *nodes)
        self.fleet.announce(INFO, *nodes)
        return nodes

    async def statuses(self, execution_id: ExecutionId) -> list[str]:
        """Return what the targets are, by node."""
        return [each.status.value for each in (await self.one.get(PROJECT, execution_id)).targets]

    async def released(self, execution_id: ExecutionId) -> list[int]:
        """Return which targets were released, by the numbers of their nodes."""
        execution = await self.one.get(PROJECT, execution_id)
        return [place for place, each in enumerate(execution.targets, start=1) if each.released_at]

    async def finish(self, execution_id: ExecutionId, *numbers: int, report: Report = DONE) -> None:
        """Let the nodes of these numbers take it up, and report."""
        for node_id in map(a_node_id, numbers):
            await self.one.acknowledge(DOMAIN, node_id, str(execution_id), True, "")
            await self.one.report(DOMAIN, node_id, str(execution_id), report)

    async def let_time_pass(self, seconds: float) -> None:
        """Move all stored instants back."""
        async with self.one.database():
            for statement in AGE:
                await self.run(statement, {"by": timedelta(seconds=seconds)})

    async def run(self, statement: str, given: Mapping[str, Any] | None = None) -> list[Any]:
        """Run a statement, and return what it yields."""
        async with self.one.database.connection() as connection:
            cursor = await connection.execute(statement.encode(), given)
            return await cursor.fetchall() if cursor.description else []

    async def dispatched(self, **wishes: Any) -> ExecutionId:
        """Dispatch by the one process, to every node unless wished otherwise."""
        return (await self.one.dispatch(a_draft(**wishes))).execution.id


def a_draft(**wishes: Any) -> DispatchDraft:
    """Return a draft of `system.info` on every node, but for what is wished."""
    where: dict[str, Any] = {} if "node_id" in wishes else {"selector": "*"}
    known: dict[str, Any] = {"project_id": PROJECT, "action": "system.info", "author": AUTHOR}
    return DispatchDraft(**known | where | wishes)


@asynccontextmanager
async def lent_action_site(dsn: Secret[str], nodes: int = 0) -> AsyncGenerator[ActionSite]:
    """Lend a Domain with so many nodes, and two processes."""
    async with lent_database(dsn) as one, lent_database(dsn) as other:
        await make_projects(one)
        fleet = Fleet()
        site = ActionSite(fleet, Process(one, fleet), Process(other, fleet))
        await site.join(nodes)
        yield site
