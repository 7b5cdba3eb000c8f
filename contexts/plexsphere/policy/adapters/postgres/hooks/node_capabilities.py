"""What nodes announced of themselves, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.hooks.manifest import Binary
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.hooks.node_capabilities import AnnouncedNode, AnnouncedNodePage

BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"

PAGE: Final = """
SELECT domain_id, project_id, node_id, binary_version, binary_checksum, reported_at, ARRAY(
    SELECT action.name FROM announced_actions AS action
    WHERE (action.domain_id, action.node_id, action.type) = (node.domain_id, node.node_id, 'builtin')
    ORDER BY action.name LIMIT 64
)
FROM node_announcements AS node
WHERE domain_id = %(domain)s AND project_id = %(project)s AND node_id > %(after)s
  AND (%(only)s::uuid IS NULL OR node_id = %(only)s)
ORDER BY node_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class PostgresNodeCapabilities:
    """Answers the port `NodeCapabilities`."""

    database: Database

    async def nodes_page(
        self,
        domain_id: DomainId,
        project_id: ProjectId,
        only: NodeId | None,
        after: NodeId | None,
        limit: int,
        /,
    ) -> AnnouncedNodePage:
        """Read one row more than asked for, to know whether the page is the last."""
        given = {
            "domain": domain_id,
            "project": project_id,
            "only": only,
            "after": after or BEFORE_ALL,
            "limit": limit + 1,
        }
        async with self.database.connection() as connection:
            rows = await (await connection.execute(PAGE, given)).fetchall()
        return AnnouncedNodePage(tuple(map(_node, rows[:limit])), len(rows) <= limit)


def _node(row: Sequence[Any]) -> AnnouncedNode:
    domain_id, project_id, node_id, version, checksum, reported_at, names = row
    place = NodePlace(DomainId(domain_id), ProjectId(project_id), NodeId(node_id))
    return AnnouncedNode(place, Binary(version, checksum), tuple(names), reported_at)
