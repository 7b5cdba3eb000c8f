"""Binaries of nodes in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.recordset import recordset
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.integrity.binaries import NodeBinary, Noted, ToldChecksum

# Nobody is waited for: whoever announces something at this moment holds its row, and is noted with the next turn.
NOTE: Final = """
WITH given AS MATERIALIZED (
    SELECT domain_id, node_id, checksum
    FROM json_to_recordset(%s) AS given (domain_id uuid, node_id uuid, checksum text)
), locked AS MATERIALIZED (
    SELECT domain_id, node_id, given.checksum FROM node_announcements JOIN given USING (domain_id, node_id)
    ORDER BY domain_id, node_id FOR NO KEY UPDATE OF node_announcements SKIP LOCKED
), noted AS (
    UPDATE node_announcements AS node SET binary_checksum = locked.checksum
    FROM locked WHERE (node.domain_id, node.node_id) = (locked.domain_id, locked.node_id)
    RETURNING node.domain_id, node.project_id, node.node_id, node.binary_version, node.binary_checksum,
        node.announced_checksum
)
SELECT domain_id, project_id, node_id, binary_version, binary_checksum, announced_checksum, FALSE AS is_held FROM noted
UNION ALL
SELECT domain_id, project_id, node_id, '', '', '', TRUE FROM node_announcements JOIN given USING (domain_id, node_id)
WHERE (domain_id, node_id) NOT IN (SELECT domain_id, node_id FROM locked)
"""
OF: Final = """
SELECT domain_id, project_id, node_id, binary_version, binary_checksum, announced_checksum FROM node_announcements
WHERE domain_id = %s AND node_id = %s
"""


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """Answers the port `Binaries`."""

    database: Database

    async def note_checksums(self, told: Sequence[ToldChecksum], /) -> Noted:
        """Write every row that is free, and name the others."""
        given = recordset([each._asdict() for each in told])
        async with self.database.connection() as connection:
            rows = await (await connection.execute(NOTE, [given])).fetchall()
        binaries = [binary_of(row) for row in rows if not row[6]]
        return Noted(binaries, frozenset(NodeId(row[2]) for row in rows if row[6]))

    async def of(self, domain_id: DomainId, node_id: NodeId, /) -> NodeBinary | None:
        """Read by the primary key."""
        async with self.database.connection() as connection:
            row = await (await connection.execute(OF, [domain_id, node_id])).fetchone()
        return binary_of(row) if row else None


def binary_of(row: Sequence[Any]) -> NodeBinary:
    """Return the binary of a row that begins with its node's place."""
    domain_id, project_id, node_id, version, checksum, announced_checksum, *_ = row
    place = NodePlace(DomainId(domain_id), ProjectId(project_id), NodeId(node_id))
    return NodeBinary(place, version, checksum, announced_checksum)
