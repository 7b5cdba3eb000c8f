"""Announcements in a test's words, over a database with two Domains of nodes."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from plexsphere.composition.bridges.manifests import manifest_of
from plexsphere.composition.violation_alerts import AlertedViolations, ViolationAlerts
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.artifacts.known_good import PostgresKnownGood
from plexsphere.policy.adapters.postgres.hooks.announced_actions import PostgresAnnouncedActions
from plexsphere.policy.adapters.postgres.hooks.node_announcements import PostgresNodeAnnouncements
from plexsphere.policy.adapters.postgres.integrity.baselines import PostgresBaselines
from plexsphere.policy.adapters.postgres.integrity.binaries import PostgresBinaries
from plexsphere.policy.adapters.postgres.integrity.judged_releases import PostgresJudgedReleases
from plexsphere.policy.adapters.postgres.integrity.violations import PostgresViolations
from plexsphere.policy.application.hooks.take_announcement import TakeAnnouncement
from plexsphere.policy.application.hooks.withdraw_announcement import WithdrawAnnouncement
from plexsphere.policy.application.integrity.acknowledge_violation import AcknowledgeViolation
from plexsphere.policy.application.integrity.check_binaries import CheckBinaries
from plexsphere.policy.application.integrity.judge_binaries import JudgeBinaries
from plexsphere.policy.application.integrity.judge_releases import JudgeReleases
from plexsphere.policy.application.integrity.list_violations import ListViolations
from plexsphere.policy.application.integrity.report_violations import ReportViolations
from plexsphere.policy.domain.actions.definition import ActionType
from plexsphere.policy.domain.hooks.announcement import Announcement
from plexsphere.policy.domain.integrity.violation import Violation
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.integrity.violations import ViolationFilter
from tests.support.identity import EPOCH, FakeClock
from tests.support.identity_postgres import lent_database
from tests.support.policy import DOMAIN, FOREIGN_PROJECT, HOMES, OTHER_DOMAIN, OTHER_PROJECT, PROJECT
from tests.support.policy_postgres import make_projects

MAKE_NODE: Final = """
INSERT INTO nodes (domain_id, id, project_id, kind, name, hostname, public_key, mesh_ip, revision, created_at)
VALUES (%(domain)s, %(node)s, %(project)s, 'node', %(name)s, %(name)s, %(key)s, %(address)s::inet, 1, now())
"""
EMPTY: Final = (
    "DELETE FROM projects",
    "DELETE FROM domains",
    "DELETE FROM plexd_artifacts",
    "DELETE FROM plexd_releases",
    "DELETE FROM judged_releases",
)
FORGET_NODE: Final = "DELETE FROM nodes WHERE id = %s"
RELEASE: Final = """
INSERT INTO plexd_artifacts (version, os, arch, sha256, size, verdict) VALUES (%s, 'linux', %s, %s, 1, 'verified')
"""


def node(number: int) -> NodeId:
    """Return the same node id for the same number; ids of higher numbers sort behind."""
    return NodeId(UUID(int=0x0190_F3A0_0000_7000_8000_0000_0000_0000 + number))


def digest(number: int) -> str:
    """Return a digest in its canonical form."""
    return f"sha256:{number:064x}"


ONE, TWO, OTHERS, FOREIGN = node(1), node(2), node(3), node(4)
NODES: Final[dict[NodeId, ProjectId]] = {
    ONE: PROJECT,
    TWO: PROJECT,
    OTHERS: OTHER_PROJECT,
    FOREIGN: FOREIGN_PROJECT,
}


def a_hook(name: str = "backup", checksum: str = digest(1), **said: Any) -> dict[str, Any]:
    """Return a declared hook, of a script unless it says otherwise."""
    return {"name": name, "source": "script", "checksum": checksum, "sandbox": "namespaced", **said}


def a_crd(name: str = "db-backup", checksum: str = digest(1), **said: Any) -> dict[str, Any]:
    """Return a declared hook that is an object in a cluster."""
    return {"name": name, "source": "crd", "checksum": checksum, **said}


def said(node_id: NodeId, at: datetime = EPOCH, **manifest: Any) -> Announcement:
    """Return what a node announces."""
    octets = json.dumps(manifest).encode()
    project_id = NODES[node_id]
    place = NodePlace(HOMES[project_id], project_id, node_id)
    return Announcement(place, manifest_of(octets), sha256(octets).digest(), at)


class HookPlace:
    """A database with nodes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def rows(self, statement: str, *given: Any) -> list[tuple[Any, ...]]:
        """Run a statement that reads, or one that writes and returns."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(statement.encode(), list(given) or None)
            return await cursor.fetchall() if cursor.description else []

    async def add_node(self, node_id: NodeId, project_id: ProjectId) -> None:
        """Let a node be in the mesh of its Project's Domain."""
        number = node_id.int & 0xFFFF
        given = {
            "domain": HOMES[project_id],
            "node": node_id,
            "project": project_id,
            "name": f"node-{number}",
            "key": number.to_bytes(32, "big"),
            "address": f"10.100.{number >> 8}.{number & 0xFF}",
        }
        async with self.database.connection() as connection:
            await connection.execute(MAKE_NODE, given)

    async def empty(self) -> None:
        """Take away whatever an earlier test left."""
        for statement in EMPTY:
            await self.rows(statement)

    async def forget_node(self, node_id: NodeId) -> None:
        """Delete a node's row, as the sweep does long after the node left."""
        await self.rows(FORGET_NODE, node_id)


class HookScene(HookPlace):
    """The use cases over that database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        announcements, baselines = PostgresNodeAnnouncements(database), PostgresBaselines(database)
        self.alerts = ViolationAlerts()
        violations = AlertedViolations(PostgresViolations(database, mint_id), database, self.alerts)
        judge = JudgeBinaries(PostgresKnownGood(database), violations)
        clock = FakeClock()
        self.take = TakeAnnouncement(database, announcements, baselines, violations, judge)
        self.withdraw = WithdrawAnnouncement(announcements)
        self.actions = PostgresAnnouncedActions(database)
        self.baselines = baselines
        binaries = PostgresBinaries(database)
        self.check_binaries = CheckBinaries(database, binaries, judge, clock)
        self.judge_releases = JudgeReleases(database, PostgresJudgedReleases(database), judge, clock)
        self.report = ReportViolations(database, self, announcements, baselines, violations, clock)
        self.acknowledge = AcknowledgeViolation(
            database, announcements, baselines, violations, binaries, judge, clock
        )
        self.violations = ListViolations(violations)

    async def project_of_node(self, node_id: NodeId, /) -> ProjectId | None:
        """Answer the port `NodeHomes` for the nodes of this place."""
        rows = await self.rows("SELECT project_id FROM nodes WHERE id = %s AND removed_at IS NULL", node_id)
        return ProjectId(rows[0][0]) if rows else None

    async def listed(self, **wanted: Any) -> list[Violation]:
        """Return the violations that a filter wants."""
        return list((await self.violations(ViolationFilter(**wanted), None, 200)).violations)

    async def drifted(self, node_id: NodeId, name: str = "backup") -> bool | None:
        """Tell whether a hook would be refused; None where the node cannot be asked for it at all."""
        found = await self.actions.of(home(node_id), ActionType.HOOK, name, [node_id])
        return found[node_id].is_drifted if node_id in found else None

    async def release(self, version: str, *numbers: int) -> None:
        """Let binaries of a version be released, one for each number."""
        await self.rows(
            "INSERT INTO plexd_releases (version, support_status) VALUES (%s, 'supported')", version
        )
        for number in numbers:
            await self.rows(RELEASE, version, f"arch{number}", f"{number:064x}")


@asynccontextmanager
async def lent_hooks(dsn: Secret[str]) -> AsyncGenerator[HookScene]:
    """Lend the use cases over a database with the nodes of `NODES`."""
    async with lent_database(dsn) as database:
        scene = HookScene(database)
        await scene.empty()
        await make_projects(database)
        for node_id, project_id in NODES.items():
            await scene.add_node(node_id, project_id)
        yield scene


def home(node_id: NodeId) -> DomainId:
    """Return the node's Domain."""
    return HOMES[NODES[node_id]]


__all__ = ["DOMAIN", "OTHER_DOMAIN", "OTHER_PROJECT", "PROJECT"]
