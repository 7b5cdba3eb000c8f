"""Announcements in a test's words, over a database with two Domains of nodes."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from plexsphere.composition.bridges.manifests import manifest_of
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.domain.hooks.announcement import Announcement
from tests.support.identity import EPOCH
from tests.support.identity_postgres import lent_database
from tests.support.policy import DOMAIN, FOREIGN_PROJECT, HOMES, OTHER_DOMAIN, OTHER_PROJECT, PROJECT
from tests.support.policy_postgres import make_projects

MAKE_NODE: Final = """
INSERT INTO nodes (domain_id, id, project_id, kind, name, hostname, public_key, mesh_ip, revision, created_at)
VALUES (%(domain)s, %(node)s, %(project)s, 'node', %(name)s, %(name)s, %(key)s, %(address)s::inet, 1, now())
"""
FORGET_NODE: Final = "DELETE FROM nodes WHERE id = %s"


def node(number: int) -> NodeId:
    """Return the same node id for the same number; ids of higher numbers sort behind."""
    return NodeId(UUID(int=0x0190_F3A0_0000_7000_8000_0000_0000_0000 + number))


def digest(number: int) -> str:
    """Return a digest in its canonical form."""
    return f"sha256:{number:064x}"


ONE, TWO, OTHERS, FOREIGN = node(1), node(2), node(3), node(4)
NODES: Final = {ONE: PROJECT, TWO: PROJECT, OTHERS: OTHER_PROJECT, FOREIGN: FOREIGN_PROJECT}


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
    return Announcement(
        HOMES[project_id], project_id, node_id, manifest_of(octets), sha256(octets).digest(), at
    )


@dataclass(frozen=True)
class HookPlace:
    """A database with the nodes of `NODES`."""

    database: Database

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

    async def forget_node(self, node_id: NodeId) -> None:
        """Delete a node's row, as the sweep does long after the node left."""
        await self.rows(FORGET_NODE, node_id)


@asynccontextmanager
async def lent_hooks(dsn: Secret[str]) -> AsyncGenerator[HookPlace]:
    """Lend the database."""
    async with lent_database(dsn) as database:
        await make_projects(database)
        place = HookPlace(database)
        for node_id, project_id in NODES.items():
            await place.add_node(node_id, project_id)
        yield place


def home(node_id: NodeId) -> DomainId:
    """Return the node's Domain."""
    return HOMES[NODES[node_id]]


__all__ = ["DOMAIN", "OTHER_DOMAIN", "OTHER_PROJECT", "PROJECT"]
