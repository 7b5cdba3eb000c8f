"""The audit trail on PostgreSQL: entries join the open unit of work (design D33)."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from plexsphere.platform.db.database import Connection, Database
from plexsphere.platform.kernel.audit import AuditEntry

PLATFORM_CHAIN: Final = UUID(int=0)

STORE: Final = """
INSERT INTO audit_inbox
    (chain_id, outcome, subject, relation, object_type, object_id, caveat_context, correlation_id)
SELECT chain_id, outcome, subject, relation, object_type, object_id, caveat_context, correlation_id
FROM jsonb_to_recordset(%s) AS given (
    position integer, chain_id uuid, outcome text, subject text, relation text,
    object_type text, object_id text, caveat_context jsonb, correlation_id text
)
ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class PostgresAuditTrail:
    """Answers the port `AuditTrail`."""

    database: Database

    def record(self, entry: AuditEntry) -> None:
        self.database.transaction().at_commit(store, [entry])


async def store(connection: Connection, entries: list[Any]) -> None:
    """Store the entries in their order, in one statement."""
    await connection.execute(STORE, [Jsonb([_as_json(place, entry) for place, entry in enumerate(entries)])])


def _as_json(position: int, entry: AuditEntry) -> dict[str, Any]:
    return {
        "position": position,
        "chain_id": str(entry.chain or PLATFORM_CHAIN),
        "outcome": entry.outcome.value,
        "subject": entry.subject,
        "relation": entry.relation,
        "object_type": entry.object.type,
        "object_id": entry.object.id,
        "caveat_context": dict(entry.caveat_context),
        "correlation_id": entry.correlation_id,
    }
