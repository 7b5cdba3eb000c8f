"""Nodes that left, and old reports, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from plexsphere.fleet.ports.departed import DepartedNode
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId

# Capabilities and drift go with the node's row.
FORGET_NODES: Final = """
WITH over AS MATERIALIZED (
    SELECT domain_id, id FROM nodes WHERE removed_at < now() - %s
    ORDER BY domain_id, id LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM nodes USING over WHERE nodes.domain_id = over.domain_id AND nodes.id = over.id
RETURNING nodes.domain_id, nodes.id
"""
FORGET_REPORTS: Final = """
WITH over AS MATERIALIZED (
    SELECT domain_id, node_id, id FROM node_drift WHERE reported_at < now() - %s
    ORDER BY domain_id, node_id, id LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM node_drift USING over
WHERE node_drift.domain_id = over.domain_id AND node_drift.node_id = over.node_id AND node_drift.id = over.id
"""


@dataclass(frozen=True, slots=True)
class PostgresDeparted:
    """Answers the port `Departed`."""

    database: Database

    async def forget_nodes(self, kept: timedelta, most: int, /) -> Sequence[DepartedNode]:
        """Delete their rows."""
        async with self.database.connection() as connection:
            rows = await (await connection.execute(FORGET_NODES, [kept, most])).fetchall()
        return [DepartedNode(DomainId(domain_id), NodeId(node_id)) for domain_id, node_id in rows]

    async def forget_reports(self, kept: timedelta, most: int, /) -> int:
        """Delete their rows."""
        async with self.database.connection() as connection:
            return (await connection.execute(FORGET_REPORTS, [kept, most])).rowcount
