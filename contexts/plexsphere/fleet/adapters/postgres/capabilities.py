"""Capability manifests in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId

# Whoever lets the node leave waits for this, and this for him: no manifest comes behind the one that was withdrawn.
PUT: Final = """
WITH node AS MATERIALIZED (
    SELECT project_id FROM nodes WHERE domain_id = %(domain)s AND id = %(node)s AND removed_at IS NULL FOR SHARE
), put AS (
    INSERT INTO node_capabilities (domain_id, node_id, manifest, reported_at)
    SELECT %(domain)s, %(node)s, %(manifest)s::text::jsonb, %(at)s FROM node
    ON CONFLICT (domain_id, node_id)
    DO UPDATE SET manifest = excluded.manifest, reported_at = excluded.reported_at
)
SELECT project_id FROM node
"""


@dataclass(frozen=True, slots=True)
class PostgresCapabilities:
    """Answers the port `Capabilities`."""

    database: Database

    async def put(
        self, domain_id: DomainId, node_id: NodeId, manifest: bytes, reported_at: datetime, /
    ) -> ProjectId:
        """Insert or replace the row while nobody else can let the node leave."""
        given = {"domain": domain_id, "node": node_id, "manifest": manifest.decode(), "at": reported_at}
        async with self.database.connection() as connection:
            row = await (await connection.execute(PUT, given)).fetchone()
        if row is None:
            raise NodeNotFound(node_id)
        return ProjectId(row[0])
