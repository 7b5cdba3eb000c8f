"""Local executions in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from psycopg.types.json import Jsonb

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.adapters.postgres.actions.reports import report_of, stored
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.ports.actions.local_executions import LocalExecution, LocalExecutionPage

# A node that makes up ids fills its own thousand.
MOST_OF_A_NODE: Final = 1_000

RECORD: Final = """
INSERT INTO local_executions (domain_id, node_id, id, report)
VALUES (%(domain)s, %(node)s, %(id)s, %(report)s) ON CONFLICT DO NOTHING
"""
NOTE: Final = """
UPDATE local_executions SET note = %(report)s
WHERE domain_id = %(domain)s AND node_id = %(node)s AND id = %(id)s AND note IS NULL AND report <> %(report)s
"""
FORGET_OLDEST: Final = """
DELETE FROM local_executions WHERE domain_id = %(domain)s AND node_id = %(node)s AND id IN (
    SELECT id FROM local_executions WHERE domain_id = %(domain)s AND node_id = %(node)s
    ORDER BY recorded_at DESC, id OFFSET %(most)s
)
"""
PAGE: Final = """
SELECT node_id, id, report, note, recorded_at FROM local_executions
WHERE domain_id = %s AND node_id = %s AND id > %s ORDER BY id LIMIT %s
"""
FORGET: Final = """
WITH over AS MATERIALIZED (
    SELECT domain_id, node_id, id FROM local_executions WHERE recorded_at < statement_timestamp() - %s
    ORDER BY recorded_at LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM local_executions AS kept USING over
WHERE (kept.domain_id, kept.node_id, kept.id) = (over.domain_id, over.node_id, over.id)
"""


@dataclass(frozen=True, slots=True)
class PostgresLocalExecutions:
    """Answers the port `LocalExecutions`."""

    database: Database

    async def record(
        self, domain_id: DomainId, node_id: NodeId, execution_id: str, report: Report, /
    ) -> None:
        """Insert, or note; a new one may drive out the node's oldest."""
        given = {
            "domain": domain_id,
            "node": node_id,
            "id": execution_id,
            "report": Jsonb(stored(report)),
            "most": MOST_OF_A_NODE,
        }
        async with self.database.connection() as connection:
            is_new = (await connection.execute(RECORD, given)).rowcount == 1
            await connection.execute(FORGET_OLDEST if is_new else NOTE, given)

    async def page(
        self, domain_id: DomainId, node_id: NodeId, after: str, limit: int, /
    ) -> LocalExecutionPage:
        """Read one row more than asked for, to know whether the page is the last."""
        async with self.database.connection() as connection:
            rows = await (await connection.execute(PAGE, [domain_id, node_id, after, limit + 1])).fetchall()
        return LocalExecutionPage(tuple(map(_local_execution, rows[:limit])), len(rows) <= limit)

    async def forget(self, older_than: timedelta, most: int, /) -> int:
        """Delete their rows."""
        async with self.database.connection() as connection:
            return (await connection.execute(FORGET, [older_than, most])).rowcount


def _local_execution(row: Sequence[Any]) -> LocalExecution:
    report = report_of(row[2])
    assert report is not None
    return LocalExecution(NodeId(row[0]), row[1], report, report_of(row[3]), row[4])
