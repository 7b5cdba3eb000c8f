"""Integrity violations in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import TupleRow

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.recordset import recordset
from plexsphere.platform.kernel.ids import DomainId, MintsIds, NodeId, ViolationId
from plexsphere.policy.adapters.postgres.integrity.violation_rows import COLUMNS, finding_given, violation_of
from plexsphere.policy.domain.integrity.naming import Naming
from plexsphere.policy.domain.integrity.violation import BY_AGENTS, Finding, Violation
from plexsphere.policy.ports.integrity.violations import ViolationFilter, ViolationPage

BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"

# ruff: noqa: S608  # every statement is put together from constants of this package alone
# What nodes announce is kept elsewhere and compared anew with an acknowledgement, so that what stands is left as it was
# found first. What an agent reports is kept here alone, and takes the place of whatever else stands. What is opened
# again, or shows something else, has a new id: whoever saw the old one did not see this.
RAISE: Final = """
INSERT INTO integrity_violations (
    domain_id, id, node_id, project_id, kind, artifact_id, status, detected_by, detail, expected, observed,
    observed_sandbox, observed_privileged, detected_at
)
SELECT domain_id, id, node_id, project_id, kind, artifact_id, 'open', detected_by, detail, expected, observed,
    observed_sandbox, observed_privileged, %(at)s
FROM json_to_recordset(%(rows)s) AS given (
    domain_id uuid, id uuid, node_id uuid, project_id uuid, kind text, artifact_id text, detected_by text,
    detail text, expected text, observed text, observed_sandbox text, observed_privileged boolean
)
WHERE given.kind = 'hook' OR given.observed = '' OR NOT EXISTS (
    SELECT FROM integrity_violations AS known
    WHERE (known.domain_id, known.node_id, known.kind, known.artifact_id)
        = (given.domain_id, given.node_id, given.kind, given.artifact_id)
      AND known.status = 'acknowledged' AND known.observed = given.observed
)
ORDER BY domain_id, node_id, kind, artifact_id
ON CONFLICT (domain_id, node_id, kind, artifact_id) WHERE status <> 'acknowledged' DO UPDATE SET
    id = excluded.id, status = 'open', detected_by = excluded.detected_by, detail = excluded.detail,
    expected = excluded.expected, observed = excluded.observed, observed_sandbox = excluded.observed_sandbox,
    observed_privileged = excluded.observed_privileged, detected_at = excluded.detected_at
WHERE integrity_violations.status = 'resolved' OR (
    excluded.detected_by = ANY(%(agents)s) AND excluded.observed NOT IN ('', integrity_violations.observed)
)
RETURNING node_id, kind, artifact_id
"""
RESOLVE: Final = """
WITH good AS MATERIALIZED (
    SELECT domain_id, id FROM integrity_violations
    JOIN json_to_recordset(%(rows)s) AS given (domain_id uuid, node_id uuid) USING (domain_id, node_id)
    WHERE kind = 'binary' AND artifact_id = %(artifact)s AND status = 'open'
    ORDER BY domain_id, id FOR NO KEY UPDATE OF integrity_violations
)
UPDATE integrity_violations AS violation SET status = 'resolved' FROM good
WHERE (violation.domain_id, violation.id) = (good.domain_id, good.id)
"""
STANDING: Final = """
SELECT count(*) FROM integrity_violations AS violation
WHERE domain_id = %s AND node_id = %s AND status = 'open' AND NOT (kind = 'hook' AND EXISTS (
    SELECT FROM hook_baselines AS own WHERE (own.domain_id, own.node_id, own.hook_name)
        = (violation.domain_id, violation.node_id, violation.artifact_id)
))
"""
UNNAMED: Final = f"""
SELECT {COLUMNS} FROM integrity_violations AS violation
WHERE domain_id = %s AND node_id = %s AND kind = 'hook' AND status = 'open' AND NOT EXISTS (
    SELECT FROM hook_baselines AS own WHERE (own.domain_id, own.node_id, own.hook_name)
        = (violation.domain_id, violation.node_id, violation.artifact_id)
)
"""
OUTDATE: Final = "DELETE FROM integrity_violations WHERE domain_id = %s AND id = ANY(%s) AND status = 'open'"
NAME: Final = """
UPDATE integrity_violations AS violation SET artifact_id = given.artifact_id
FROM json_to_recordset(%s) AS given (id uuid, artifact_id text)
WHERE violation.domain_id = %s AND violation.id = given.id AND violation.status = 'open'
"""
FIND: Final = f"SELECT {COLUMNS} FROM integrity_violations WHERE id = %s"
ACKNOWLEDGE: Final = f"""
UPDATE integrity_violations SET
    status = 'acknowledged', acknowledged_at = %(at)s, acknowledged_by = %(by)s, acknowledge_reason = %(reason)s
WHERE domain_id = %(domain)s AND id = %(violation)s AND status = 'open'
RETURNING {COLUMNS}
"""
PAGE: Final = f"""
SELECT {COLUMNS} FROM integrity_violations
WHERE id > %(after)s
  AND (%(domain)s::uuid IS NULL OR domain_id = %(domain)s)
  AND (%(project)s::uuid IS NULL OR project_id = %(project)s)
  AND (%(node)s::uuid IS NULL OR node_id = %(node)s)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
ORDER BY id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class PostgresViolations:
    """Answers the port `Violations`."""

    database: Database
    mint_id: MintsIds

    async def raise_for(self, findings: Sequence[Finding], at: datetime, /) -> Sequence[Finding]:
        """Insert in one statement; the unique index over what was not acknowledged decides races."""
        rows = recordset([finding_given(self.mint_id(), each) for each in findings])
        opened = {
            tuple(row) for row in await self._rows(RAISE, {"rows": rows, "at": at, "agents": list(BY_AGENTS)})
        }
        return [each for each in findings if (each.place.node_id, each.kind, each.artifact_id) in opened]

    async def resolve_binaries(self, nodes: Collection[tuple[DomainId, NodeId]], artifact_id: str, /) -> None:
        """Lock in the order of the ids, and write in the same statement."""
        rows = recordset([{"domain_id": domain, "node_id": node} for domain, node in nodes])
        async with self.database.connection() as connection:
            await connection.execute(RESOLVE, {"rows": rows, "artifact": artifact_id})

    async def standing(self, domain_id: DomainId, node_id: NodeId, /) -> int:
        """Count by the index over nodes."""
        [[count]] = await self._rows(STANDING, [domain_id, node_id])
        return int(count)

    async def unnamed(self, domain_id: DomainId, node_id: NodeId, /) -> Sequence[Violation]:
        """Read by the index over nodes."""
        return list(map(violation_of, await self._rows(UNNAMED, [domain_id, node_id])))

    async def name(self, domain_id: DomainId, naming: Naming, /) -> None:
        """Make room first: of one hook one is open."""
        rows = recordset([{"id": each, "artifact_id": name} for each, name in naming.names.items()])
        async with self.database.connection() as connection:
            await connection.execute(OUTDATE, [domain_id, list(naming.outdated)])
            await connection.execute(NAME, [rows, domain_id])

    async def find(self, violation_id: ViolationId, /) -> Violation | None:
        """Read by the index over ids."""
        rows = await self._rows(FIND, [violation_id])
        return violation_of(rows[0]) if rows else None

    async def acknowledge(
        self, domain_id: DomainId, violation_id: ViolationId, by: str, reason: str, at: datetime, /
    ) -> Violation | None:
        """Write on the condition that it is open, so that of two at once one does."""
        given = {"domain": domain_id, "violation": violation_id, "by": by, "reason": reason, "at": at}
        rows = await self._rows(ACKNOWLEDGE, given)
        return violation_of(rows[0]) if rows else None

    async def page(self, wanted: ViolationFilter, after: ViolationId | None, limit: int, /) -> ViolationPage:
        """Read one row more than asked for, to know whether the page is the last."""
        given = {
            "after": after or BEFORE_ALL,
            "domain": wanted.domain_id,
            "project": wanted.project_id,
            "node": wanted.node_id,
            "kind": wanted.kind,
            "status": wanted.status,
            "limit": limit + 1,
        }
        rows = await self._rows(PAGE, given)
        return ViolationPage(tuple(map(violation_of, rows[:limit])), len(rows) <= limit)

    async def _rows(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchall()
