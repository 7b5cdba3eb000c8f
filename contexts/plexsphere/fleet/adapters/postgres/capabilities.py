"""Capability manifests in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.errors import ForeignKeyViolation

from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId

PUT: Final = """
INSERT INTO node_capabilities (domain_id, node_id, manifest, reported_at)
VALUES (%s, %s, %s::text::jsonb, %s)
ON CONFLICT (domain_id, node_id) DO UPDATE SET manifest = excluded.manifest, reported_at = excluded.reported_at
"""


@dataclass(frozen=True, slots=True)
class PostgresCapabilities:
    """Answers the port `Capabilities`."""

    database: Database

    async def put(
        self, domain_id: DomainId, node_id: NodeId, manifest: bytes, reported_at: datetime, /
    ) -> None:
        """Insert or replace the row."""
        try:
            async with self.database.connection() as connection:
                await connection.execute(PUT, [domain_id, node_id, manifest.decode(), reported_at])
        except ForeignKeyViolation as error:
            raise NodeNotFound(node_id) from error
