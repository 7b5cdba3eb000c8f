"""Capability manifests in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.errors import ForeignKeyViolation

from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId

PUT: Final = """
INSERT INTO node_capabilities (domain_id, node_id, manifest, reported_at)
VALUES (%s, %s, %s::text::jsonb, %s)
ON CONFLICT (domain_id, node_id) DO UPDATE SET manifest = excluded.manifest, reported_at = excluded.reported_at
RETURNING (SELECT project_id FROM nodes WHERE (nodes.domain_id, nodes.id) = (%s, %s))
"""


@dataclass(frozen=True, slots=True)
class PostgresCapabilities:
    """Answers the port `Capabilities`."""

    database: Database

    async def put(
        self, domain_id: DomainId, node_id: NodeId, manifest: bytes, reported_at: datetime, /
    ) -> ProjectId:
        """Insert or replace the row."""
        try:
            async with self.database.connection() as connection:
                given = [domain_id, node_id, manifest.decode(), reported_at, domain_id, node_id]
                [row] = await (await connection.execute(PUT, given)).fetchall()
        except ForeignKeyViolation as error:
            raise NodeNotFound(node_id) from error
        return ProjectId(row[0])
