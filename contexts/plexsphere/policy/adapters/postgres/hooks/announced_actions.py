"""What nodes announced, as dispatches ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.steps import in_steps
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.adapters.postgres.hooks.definition_rows import definition_of
from plexsphere.policy.domain.actions.definition import ActionType
from plexsphere.policy.ports.actions.announced_actions import Announced

# The object in the cluster is what would run; where it is not the one that is declared, nothing is asked for.
OF: Final = """
SELECT action.node_id, action.definition, EXISTS (
    SELECT FROM integrity_violations AS violation
    WHERE violation.domain_id = action.domain_id AND violation.node_id = action.node_id
      AND violation.kind = action.type AND violation.artifact_id = action.name AND violation.status = 'open'
) OR action.type = 'hook' AND action.definition ->> 'source' = 'crd' AND EXISTS (
    SELECT FROM discovered_hooks AS found
    WHERE found.domain_id = action.domain_id AND found.node_id = action.node_id AND found.name = action.name
      AND NOT found.image_digest_match
) FROM announced_actions AS action
WHERE action.domain_id = %s AND action.type = %s AND action.name = %s AND action.node_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class PostgresAnnouncedActions:
    """Answers the port `AnnouncedActions`."""

    database: Database

    async def of(
        self, domain_id: DomainId, action_type: ActionType, name: str, nodes: Sequence[NodeId], /
    ) -> Mapping[NodeId, Announced]:
        """Read definitions and what speaks against them in one statement: nothing slips in between."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(OF, [domain_id, action_type, name, list(nodes)])
            return dict(await in_steps(cursor, lambda row: _announced(action_type, name, *row)))


def _announced(
    action_type: ActionType, name: str, node_id: UUID, definition: Mapping[str, Any], is_drifted: bool
) -> tuple[NodeId, Announced]:
    return NodeId(node_id), Announced(definition_of(action_type, name, definition), is_drifted)
