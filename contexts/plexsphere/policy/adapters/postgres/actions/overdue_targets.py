"""Overdue targets in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.rows import TupleRow

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.ports.actions.overdue_targets import OpenExecution, Overdue, Place

NOBODY: Final = UUID(int=0)

# One instant, of the statement: with another one for each row the index would be read to its end.
EXECUTIONS: Final = """
SELECT DISTINCT domain_id, execution_id FROM (
    SELECT domain_id, execution_id FROM execution_targets
    WHERE ended_at IS NULL AND deadline <= statement_timestamp() AND execution_id <> ALL(%s) ORDER BY deadline LIMIT %s
) AS overdue ORDER BY domain_id, execution_id
"""
TAKE: Final = """
SELECT node_id, status <> 'pending' FROM execution_targets
WHERE domain_id = %s AND execution_id = %s AND ended_at IS NULL AND deadline <= clock_timestamp()
ORDER BY node_id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
EXPIRE: Final = """
UPDATE execution_targets
SET status = 'timeout', reason = %s, updated_at = clock_timestamp(), ended_at = clock_timestamp()
WHERE domain_id = %s AND execution_id = %s AND node_id = ANY(%s)
"""
OPEN_EXECUTIONS: Final = """
SELECT domain_id, id, NOT EXISTS (
    SELECT FROM execution_targets AS target
    WHERE (target.domain_id, execution_id) = (execution.domain_id, id) AND target.ended_at IS NULL
) FROM executions AS execution WHERE ended_at IS NULL AND (domain_id, id) > (%s, %s)
ORDER BY domain_id, id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class PostgresOverdueTargets:
    """Answers the port `OverdueTargets`."""

    database: Database

    async def executions(self, left_out: Collection[ExecutionId], most: int, /) -> Sequence[Place]:
        """Read the index over deadlines."""
        return list(map(_place, await self._rows(EXECUTIONS, [list(left_out), most])))

    async def take(self, domain_id: DomainId, execution_id: ExecutionId, most: int, /) -> Sequence[Overdue]:
        """Lock by node; a row that was written since this statement began is judged as it is now."""
        rows = await self._rows(TAKE, [domain_id, execution_id, most])
        return [Overdue(NodeId(node_id), was_taken_up) for node_id, was_taken_up in rows]

    async def expire(
        self, domain_id: DomainId, execution_id: ExecutionId, reason: Reason, nodes: Collection[NodeId], /
    ) -> None:
        """Write all in one statement."""
        async with self.database.connection() as connection:
            await connection.execute(EXPIRE, [reason.value, domain_id, execution_id, list(nodes)])

    async def open_executions(self, after: Place | None, most: int, /) -> Sequence[OpenExecution]:
        """Read the indexes over open executions and open targets."""
        rows = await self._rows(OPEN_EXECUTIONS, [*(after or (NOBODY, NOBODY)), most])
        return [OpenExecution(_place(row), row[2]) for row in rows]

    async def _rows(self, statement: str, given: Sequence[Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchall()


def _place(row: Sequence[Any]) -> Place:
    return DomainId(row[0]), ExecutionId(row[1])
