"""What nodes tell of their targets, in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.adapters.postgres.actions.patience import GRACE
from plexsphere.policy.adapters.postgres.actions.reports import stored
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.actions.status import TargetStatus
from plexsphere.policy.ports.actions.callbacks import Heard

# ruff: noqa: S608  # every statement is put together from constants of this package alone
TARGET: Final = (
    "target.domain_id = %(domain)s AND target.execution_id = %(execution)s AND target.node_id = %(node)s"
)
IN_TIME: Final = "target.deadline > clock.at"
FROM_CLOCK: Final = "FROM (SELECT clock_timestamp() AS at) AS clock"
# As the statement finds it: what is taken up at this very instant may still count as an offer, never the other way.
BEFORE: Final = f"SELECT status = 'pending' AS was_offer FROM execution_targets AS target WHERE {TARGET}"
TAKE_UP: Final = f"""
UPDATE execution_targets AS target SET status = 'ack', updated_at = clock.at,
    deadline = clock.at + make_interval(secs => timeout_seconds) + {GRACE}
{FROM_CLOCK} WHERE {TARGET} AND status = 'pending' AND {IN_TIME}
RETURNING true
"""
ACKNOWLEDGED: Final = """
UPDATE executions SET status = 'ack', updated_at = clock_timestamp()
WHERE domain_id = %(domain)s AND id = %(execution)s AND status = 'pending'
"""
REJECT: Final = f"""
UPDATE execution_targets AS target
SET status = 'failed', reason = %(reason)s, updated_at = clock.at, ended_at = clock.at
{FROM_CLOCK} WHERE {TARGET} AND status = 'pending' AND {IN_TIME}
RETURNING true
"""
# A result past the deadline finds what the sweep would have made of it: time decides, not who comes first.
FINISH: Final = f"""
UPDATE execution_targets AS target SET
    status = CASE WHEN {IN_TIME} THEN %(status)s ELSE 'timeout' END,
    reason = CASE WHEN {IN_TIME} THEN '' WHEN status = 'pending' THEN 'not_taken_up' ELSE 'not_finished' END,
    report = CASE WHEN {IN_TIME} THEN %(report)s END,
    note = CASE WHEN {IN_TIME} THEN nullif(note, %(report)s) ELSE coalesce(note, %(report)s) END,
    updated_at = clock.at, ended_at = clock.at
{FROM_CLOCK}, ({BEFORE}) AS before WHERE {TARGET} AND ended_at IS NULL AND released_at IS NOT NULL
RETURNING before.was_offer
"""
# What comes before its wave did not end the target, and is not lost: agents in the field tell it once.
NOTE: Final = f"""
UPDATE execution_targets AS target SET note = %(report)s
WHERE {TARGET} AND (ended_at IS NOT NULL OR released_at IS NULL) AND note IS NULL
    AND report IS DISTINCT FROM %(report)s
"""
STANDING: Final = f"""
SELECT project_id, target.status, target.status = 'ack' AND deadline > clock_timestamp()
FROM execution_targets AS target
JOIN executions AS execution ON (execution.domain_id, execution.id) = (target.domain_id, target.execution_id)
WHERE {TARGET}
"""


@dataclass(frozen=True, slots=True)
class PostgresCallbacks:
    """Answers the port `Callbacks`."""

    database: Database

    async def take_up(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, /
    ) -> Heard | None:
        """Write under the row's lock, and read what it is then."""
        ids = _ids(domain_id, node_id, execution_id)
        moved = await self._one(TAKE_UP, ids)
        if moved is not None:
            await self._write(ACKNOWLEDGED, ids)
        return await self._heard(ids, moved)

    async def reject(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, reason: str, /
    ) -> Heard | None:
        """Write under the row's lock, and read what it is then."""
        ids = _ids(domain_id, node_id, execution_id)
        return await self._heard(ids, await self._one(REJECT, ids | {"reason": reason}))

    async def finish(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, report: Report, /
    ) -> Heard | None:
        """Write under the row's lock, or note; and read what it is then."""
        ids = _ids(domain_id, node_id, execution_id)
        given = ids | {"status": report.status.value, "report": Jsonb(stored(report))}
        moved = await self._one(FINISH, given)
        if moved is None:
            await self._write(NOTE, given)
        return await self._heard(ids, moved)

    async def _heard(self, ids: Mapping[str, Any], moved: TupleRow | None) -> Heard | None:
        row = await self._one(STANDING, ids)
        if row is None:
            return None
        project_id, status, is_wanted = row
        return Heard(
            ProjectId(project_id),
            TargetStatus(status),
            moved is not None,
            is_wanted,
            was_offer=moved is not None and moved[0],
        )

    async def _one(self, statement: str, given: Mapping[str, Any]) -> TupleRow | None:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchone()

    async def _write(self, statement: str, given: Mapping[str, Any]) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, given)


def _ids(domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId) -> dict[str, Any]:
    return {"domain": domain_id, "node": node_id, "execution": execution_id}
