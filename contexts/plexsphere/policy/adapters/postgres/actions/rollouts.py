"""Rollouts in PostgreSQL."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from psycopg.rows import TupleRow

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.adapters.postgres.actions.patience import PICKUP
from plexsphere.policy.domain.actions.action_name import ActionName
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from plexsphere.policy.ports.actions.rollouts import Rollout, UnderWay, Waiting

T = TypeVar("T")

# So many rows are read in less than 2 ms.
AT_ONCE: Final = 256

NEXT: Final = """
WITH longest AS MATERIALIZED (
    SELECT domain_id, execution_id FROM execution_rollouts
    WHERE NOT is_over AND looked_at <= statement_timestamp() - %s
    ORDER BY looked_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE execution_rollouts AS rollout SET looked_at = clock_timestamp() FROM longest
WHERE (rollout.domain_id, rollout.execution_id) = (longest.domain_id, longest.execution_id)
RETURNING rollout.domain_id, rollout.execution_id
"""
TAKE: Final = """
SELECT canary, percent, max_failures, closes_at <= clock_timestamp() FROM execution_rollouts
WHERE domain_id = %s AND execution_id = %s AND NOT is_over FOR NO KEY UPDATE SKIP LOCKED
"""
# Read after the lock was taken, in a statement of its own: what another process released before is seen.
# A node that calls off what it took up gives no reason; whoever else cancels does.
TALLY: Final = """
SELECT project_id, action, type, approve_privileged, size, tally.succeeded, tally.failed
FROM executions CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE target.status = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE target.status IN ('failed', 'timeout') AND reason <> 'silent'
                            OR target.status = 'cancelled' AND reason = '') AS failed
    FROM execution_targets AS target WHERE (target.domain_id, execution_id) = (executions.domain_id, id)
) AS tally
WHERE domain_id = %s AND id = %s
"""
UNDER_WAY: Final = """
SELECT node_id, status <> 'pending' FROM execution_targets
WHERE domain_id = %s AND execution_id = %s AND ended_at IS NULL AND released_at IS NOT NULL
"""
WAITING: Final = """
SELECT node_id, checksum FROM execution_targets
WHERE domain_id = %s AND execution_id = %s AND ended_at IS NULL AND released_at IS NULL ORDER BY node_id
"""
# One instant for all of them: the waves of an execution are told apart by it.
# ruff: noqa: S608  # it is put together from constants of this package alone
RELEASE: Final = f"""
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at)
UPDATE execution_targets SET released_at = clock.at, deadline = clock.at + {PICKUP}, updated_at = clock.at FROM clock
WHERE domain_id = %s AND execution_id = %s AND node_id = ANY(%s) AND ended_at IS NULL AND released_at IS NULL
"""
REFUSE: Final = """
UPDATE execution_targets
SET status = 'failed', reason = %s, updated_at = clock_timestamp(), ended_at = clock_timestamp()
WHERE domain_id = %s AND execution_id = %s AND node_id = ANY(%s) AND ended_at IS NULL AND released_at IS NULL
"""
CLOSE: Final = "UPDATE execution_rollouts SET is_over = true WHERE domain_id = %s AND execution_id = %s"


@dataclass(frozen=True, slots=True)
class PostgresRollouts:
    """Answers the port `Rollouts`; the lock of a rollout's row comes before those of targets and executions."""

    database: Database

    async def next(self, rest: timedelta, most: int, /) -> Sequence[tuple[DomainId, ExecutionId]]:
        """Mark them in one statement: of several processes each gets others."""
        rows = await self._rows(NEXT, [rest, most])
        return [(DomainId(domain_id), ExecutionId(execution_id)) for domain_id, execution_id in rows]

    async def take(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Rollout | None:
        """Lock the row, then count."""
        rows = await self._rows(TAKE, [domain_id, execution_id])
        counted = await self._rows(TALLY, [domain_id, execution_id]) if rows else []
        if not counted:
            return None
        canary, percent, max_failures, is_late = rows[0]
        project_id, action, action_type, is_approved, size, succeeded, failures = counted[0]
        name, plan = ActionName.of(action, action_type), WavePlan(canary, percent, max_failures)
        return Rollout(ProjectId(project_id), name, is_approved, plan, size, succeeded, failures, is_late)

    async def under_way(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Sequence[UnderWay]:
        """Read the index over open targets."""
        return await self._read(UNDER_WAY, [domain_id, execution_id], UnderWay)

    async def waiting(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Sequence[Waiting]:
        """Read the index over open targets."""
        return await self._read(WAITING, [domain_id, execution_id], Waiting)

    async def release(
        self, domain_id: DomainId, execution_id: ExecutionId, nodes: Sequence[NodeId], /
    ) -> None:
        """Write what is still waiting; only the holder of the rollout and who cancels lock such targets."""
        async with self.database.connection() as connection:
            await connection.execute(RELEASE, [domain_id, execution_id, list(nodes)])

    async def refuse(
        self, domain_id: DomainId, execution_id: ExecutionId, reason: Reason, nodes: Sequence[NodeId], /
    ) -> None:
        """Write what is still waiting."""
        async with self.database.connection() as connection:
            await connection.execute(REFUSE, [reason.value, domain_id, execution_id, list(nodes)])

    async def close(self, domain_id: DomainId, execution_id: ExecutionId, /) -> None:
        """Mark the row."""
        async with self.database.connection() as connection:
            await connection.execute(CLOSE, [domain_id, execution_id])

    async def _read(
        self, statement: str, given: Sequence[Any], made: Callable[[NodeId, Any], T]
    ) -> Sequence[T]:
        found: list[T] = []
        async with self.database.connection() as connection:
            cursor = await connection.execute(statement, given)
            while rows := await cursor.fetchmany(AT_ONCE):
                found += (made(NodeId(node_id), said) for node_id, said in rows)
                await asyncio.sleep(0)
        return found

    async def _rows(self, statement: str, given: Sequence[Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchall()
