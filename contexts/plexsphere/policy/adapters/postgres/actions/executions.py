"""Executions in PostgreSQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import TupleRow

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.recordset import recordset
from plexsphere.platform.db.steps import AT_ONCE, in_steps
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.adapters.postgres.actions.execution_rows import (
    EXECUTION,
    EXECUTIONS,
    TARGET,
    execution_of,
    target_of,
)
from plexsphere.policy.adapters.postgres.actions.patience import PICKUP
from plexsphere.policy.adapters.postgres.actions.reports import reported
from plexsphere.policy.domain.actions.action_name import HOOKS
from plexsphere.policy.domain.actions.deadlines import LONGEST_ROLLOUT
from plexsphere.policy.domain.actions.errors import EmptyCohort
from plexsphere.policy.domain.actions.execution import Execution, ExecutionStatus, Reason, Target
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.errors import ProjectNotFound
from plexsphere.policy.ports.actions.executions import (
    Ended,
    Ending,
    ExecutionFilter,
    ExecutionPage,
    NewExecution,
    NewTarget,
)

PROJECT_KEY: Final = "executions_domain_id_project_id_fkey"
BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"

# ruff: noqa: S608  # every statement is put together from constants of this package alone
ADD: Final = """
INSERT INTO executions
    (domain_id, id, project_id, type, action, parameters, created_by, approve_privileged, correlation_id, size)
VALUES (%(domain)s, %(id)s, %(project)s, %(type)s, %(action)s, %(parameters)s, %(created_by)s,
        %(approve_privileged)s, %(correlation_id)s, %(size)s)
"""
ADD_ROLLOUT: Final = """
INSERT INTO execution_rollouts (domain_id, execution_id, canary, percent, max_failures, closes_at)
VALUES (%s, %s, %s, %s, %s, clock_timestamp() + %s)
"""
# In the order of their nodes, in which everybody locks; a wave is released at one instant, by which it is told apart.
ADD_TARGETS: Final = f"""
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at)
INSERT INTO execution_targets
    (domain_id, execution_id, node_id, wire_name, checksum, parameters, timeout_seconds, released_at, deadline)
SELECT %(domain)s, %(id)s, node_id, wire_name, checksum, parameters, timeout_seconds,
       CASE WHEN %(released)s THEN clock.at END, CASE WHEN %(released)s THEN clock.at + {PICKUP} END
FROM json_to_recordset(%(targets)s) AS given (
    node_id uuid, wire_name text, checksum text, parameters text, timeout_seconds integer
) CROSS JOIN clock
ORDER BY node_id
"""
GET: Final = f"""
SELECT {EXECUTION} FROM {EXECUTIONS}
WHERE execution.domain_id = %s AND execution.project_id = %s AND execution.id = %s
"""
TARGETS: Final = f"""
SELECT {TARGET} FROM execution_targets AS target WHERE domain_id = %s AND execution_id = %s ORDER BY node_id
"""
ONE_TARGET: Final = f"""
SELECT {TARGET}, target.report, target.note FROM execution_targets AS target
JOIN executions AS execution ON (execution.domain_id, execution.id) = (target.domain_id, target.execution_id)
WHERE target.domain_id = %s AND execution.project_id = %s AND target.execution_id = %s AND target.node_id = %s
"""
REPORTS: Final = """
SELECT node_id, report FROM execution_targets
WHERE domain_id = %s AND execution_id = %s AND report IS NOT NULL
"""
# Each kind of page has an index that holds its rows in their order.
PAGE: Final = f"""
SELECT {EXECUTION} FROM {EXECUTIONS}
WHERE execution.domain_id = %(domain)s AND execution.project_id = %(project)s AND execution.id > %(after)s
ORDER BY execution.id LIMIT %(limit)s
"""
PAGE_OF_STATUS: Final = f"""
SELECT {EXECUTION} FROM {EXECUTIONS}
WHERE execution.domain_id = %(domain)s AND execution.project_id = %(project)s AND execution.status = %(status)s
    AND execution.id > %(after)s
ORDER BY execution.id LIMIT %(limit)s
"""
# Of each spelling and status no more is read than a page holds.
PAGE_OF_ACTION: Final = f"""
SELECT {EXECUTION} FROM {EXECUTIONS}
WHERE execution.domain_id = %(domain)s AND execution.id = ANY(ARRAY(
    SELECT found.id
    FROM unnest(%(actions)s::text[]) AS spelling CROSS JOIN unnest(%(statuses)s::text[]) AS wanted
    CROSS JOIN LATERAL (
        SELECT each.id FROM executions AS each
        WHERE each.domain_id = %(domain)s AND each.project_id = %(project)s AND each.action = spelling
            AND each.status = wanted AND each.id > %(after)s
        ORDER BY each.id LIMIT %(limit)s
    ) AS found
    ORDER BY found.id LIMIT %(limit)s
))
ORDER BY execution.id
"""
# One scan, of no more than all that a Domain may have open.
BUSY: Final = """
SELECT EXISTS (
    SELECT FROM execution_targets WHERE domain_id = %s AND node_id = ANY(%s) AND ended_at IS NULL
    GROUP BY node_id HAVING count(*) >= %s
)
"""
OPEN_TARGETS: Final = """
SELECT count(*) FROM (
    SELECT FROM execution_targets WHERE domain_id = %s AND ended_at IS NULL LIMIT %s
) AS counted
"""
# In two statements, and by an array: a join of so many rows that were never analysed may take a minute.
LOCK_MEANT: Final = """
SELECT node_id, released_at IS NOT NULL FROM execution_targets
WHERE domain_id = %(domain)s AND execution_id = %(id)s AND ended_at IS NULL
    AND (status = 'pending' OR NOT %(spares_taken_up)s) AND (released_at IS NULL OR NOT %(spares_released)s)
ORDER BY node_id FOR NO KEY UPDATE
"""
END: Final = """
UPDATE execution_targets
SET status = 'cancelled', reason = %(reason)s, updated_at = clock_timestamp(), ended_at = clock_timestamp()
WHERE domain_id = %(domain)s AND execution_id = %(id)s AND node_id = ANY(%(nodes)s)
"""
LOCK_OF_NODE: Final = """
SELECT execution_id FROM execution_targets WHERE domain_id = %s AND node_id = %s AND ended_at IS NULL
ORDER BY execution_id FOR NO KEY UPDATE
"""
END_OF_NODE: Final = """
UPDATE execution_targets
SET status = 'cancelled', reason = %s, updated_at = clock_timestamp(), ended_at = clock_timestamp()
WHERE domain_id = %s AND node_id = %s AND execution_id = ANY(%s)
"""
OF_EXECUTION: Final = """
FROM execution_targets AS target WHERE target.domain_id = execution.domain_id AND execution_id = execution.id
"""
# Executions are locked in the order of their ids, after targets.
SETTLE: Final = f"""
WITH said AS MATERIALIZED (
    SELECT id, CASE
        WHEN NOT EXISTS (SELECT {OF_EXECUTION} AND target.ended_at IS NULL) THEN coalesce(
            (SELECT target.status {OF_EXECUTION}
             ORDER BY array_position('{{failed,timeout,cancelled,succeeded}}'::text[], target.status) LIMIT 1),
            'cancelled')
        ELSE 'started' END AS status
    FROM executions AS execution
    WHERE domain_id = %(domain)s AND id = ANY(%(ids)s) AND ended_at IS NULL
), moved AS MATERIALIZED (
    SELECT execution.id, said.status FROM executions AS execution JOIN said USING (id)
    WHERE domain_id = %(domain)s AND ended_at IS NULL AND execution.status <> said.status
    ORDER BY execution.id FOR NO KEY UPDATE OF execution
)
UPDATE executions AS execution SET status = moved.status, updated_at = clock_timestamp(),
    ended_at = CASE WHEN moved.status <> 'started' THEN clock_timestamp() END
FROM moved WHERE domain_id = %(domain)s AND execution.id = moved.id
"""

# An index is asked for what lies before one instant; `clock_timestamp()` is another one for each row.
# Targets first: an execution may have 10,000 of them, and their outputs.
FORGET_TARGETS: Final = """
WITH over AS MATERIALIZED (
    SELECT target.domain_id, execution_id, node_id FROM executions
    JOIN execution_targets AS target ON (target.domain_id, execution_id) = (executions.domain_id, id)
    WHERE executions.ended_at < statement_timestamp() - %s LIMIT %s FOR UPDATE OF target SKIP LOCKED
)
DELETE FROM execution_targets AS kept USING over
WHERE (kept.domain_id, kept.execution_id, kept.node_id) = (over.domain_id, over.execution_id, over.node_id)
"""
FORGET: Final = """
WITH over AS MATERIALIZED (
    SELECT domain_id, id FROM executions WHERE ended_at < statement_timestamp() - %s AND NOT EXISTS (
        SELECT FROM execution_targets AS target WHERE (target.domain_id, execution_id) = (executions.domain_id, id)
    ) ORDER BY ended_at LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM executions AS kept USING over WHERE (kept.domain_id, kept.id) = (over.domain_id, over.id)
"""


@dataclass(frozen=True, slots=True)
class PostgresExecutions:
    """Answers the port `Executions`."""

    database: Database

    async def add(self, execution: NewExecution, /) -> None:
        """Insert the execution, its rollout and its targets."""
        async with self.database.connection() as connection:
            try:
                await connection.execute(ADD, _values(execution))
                if execution.waves is not None:
                    await connection.execute(ADD_ROLLOUT, _rollout(execution))
                for targets in _targets(execution):
                    await connection.execute(ADD_TARGETS, targets)
            except ForeignKeyViolation as error:
                if error.diag.constraint_name == PROJECT_KEY:
                    raise ProjectNotFound(execution.project_id) from error
                raise EmptyCohort from error

    async def get(
        self, domain_id: DomainId, project_id: ProjectId, execution_id: ExecutionId, /
    ) -> Execution | None:
        """Read both tables, the targets last."""
        rows = await self._rows(GET, [domain_id, project_id, execution_id])
        if not rows:
            return None
        async with self.database.connection() as connection:
            cursor = await connection.execute(TARGETS, [domain_id, execution_id])
            return execution_of(rows[0]).holding(tuple(await in_steps(cursor, target_of)))

    async def page(
        self,
        domain_id: DomainId,
        project_id: ProjectId,
        asked: ExecutionFilter,
        after: ExecutionId | None,
        limit: int,
        /,
    ) -> ExecutionPage:
        """Read one row more than asked for, to know whether the page is the last."""
        statement, wanted = _page_of(asked)
        place = {"domain": domain_id, "project": project_id, "after": after or BEFORE_ALL}
        rows = await self._rows(statement, place | wanted | {"limit": limit + 1})
        return ExecutionPage(tuple(map(execution_of, rows[:limit])), len(rows) <= limit)

    async def target(
        self, domain_id: DomainId, project_id: ProjectId, execution_id: ExecutionId, node_id: NodeId, /
    ) -> Target | None:
        """Read by the primary key."""
        rows = await self._rows(ONE_TARGET, [domain_id, project_id, execution_id, node_id])
        return target_of(rows[0]) if rows else None

    async def reports(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Mapping[NodeId, Report]:
        """Read by a part of the primary key."""
        rows = await self._rows(REPORTS, [domain_id, execution_id])
        return {NodeId(node_id): reported(document) for node_id, document in rows}

    async def open_targets(self, domain_id: DomainId, most: int, /) -> int:
        """Count entries of the index over open targets."""
        return int((await self._rows(OPEN_TARGETS, [domain_id, most + 1]))[0][0])

    async def is_any_busy(self, domain_id: DomainId, nodes: Sequence[NodeId], most: int, /) -> bool:
        """Count entries of the index over open targets."""
        return bool((await self._rows(BUSY, [domain_id, list(nodes), most]))[0][0])

    async def end(self, domain_id: DomainId, execution_id: ExecutionId, ending: Ending, /) -> Ended:
        """Lock in the order of nodes, and write."""
        given = {
            "domain": domain_id,
            "id": execution_id,
            "reason": ending.reason.value,
            "spares_taken_up": ending.spares_taken_up,
            "spares_released": ending.spares_released,
        }
        async with self.database.connection() as connection:
            rows = await in_steps(await connection.execute(LOCK_MEANT, given), tuple)
            await connection.execute(END, given | {"nodes": [node_id for node_id, _ in rows]})
        return Ended(len(rows), tuple(NodeId(node_id) for node_id, is_told in rows if is_told))

    async def end_of_node(
        self, domain_id: DomainId, node_id: NodeId, reason: Reason, /
    ) -> Sequence[ExecutionId]:
        """Lock in the order of executions, and write."""
        ended = [ExecutionId(row[0]) for row in await self._rows(LOCK_OF_NODE, [domain_id, node_id])]
        async with self.database.connection() as connection:
            await connection.execute(END_OF_NODE, [reason.value, domain_id, node_id, ended])
        return ended

    async def settle(self, domain_id: DomainId, executions: Collection[ExecutionId], /) -> None:
        """Write only what differs, so that endings of one execution seldom wait for each other."""
        async with self.database.connection() as connection:
            await connection.execute(SETTLE, {"domain": domain_id, "ids": list(executions)})

    async def forget(self, older_than: timedelta, most: int, /) -> int:
        """Delete their rows, the targets' first."""
        async with self.database.connection() as connection:
            forgotten = (await connection.execute(FORGET_TARGETS, [older_than, most])).rowcount
            return forgotten + (await connection.execute(FORGET, [older_than, most])).rowcount

    async def _rows(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchall()


def _page_of(asked: ExecutionFilter) -> tuple[str, dict[str, Any]]:
    if asked.action_name is not None:
        statuses = list(ExecutionStatus) if asked.status is None else [asked.status]
        actions = [asked.action_name, f"{HOOKS}{asked.action_name}"]
        return PAGE_OF_ACTION, {"actions": actions, "statuses": [each.value for each in statuses]}
    if asked.status is not None:
        return PAGE_OF_STATUS, {"status": asked.status.value}
    return PAGE, {}


def _values(execution: NewExecution) -> dict[str, Any]:
    return {
        "domain": execution.domain_id,
        "id": execution.id,
        "project": execution.project_id,
        "type": execution.type.value,
        "action": execution.action,
        "parameters": execution.parameters,
        "created_by": execution.created_by,
        "approve_privileged": execution.approve_privileged,
        "correlation_id": execution.correlation_id,
        "size": len(execution.targets),
    }


def _rollout(execution: NewExecution) -> list[Any]:
    plan = execution.waves
    assert plan is not None
    ids = [execution.domain_id, execution.id]
    return [*ids, plan.canary, plan.percent, plan.max_failures, LONGEST_ROLLOUT]


def _targets(execution: NewExecution) -> Iterator[dict[str, Any]]:
    for first in range(0, len(execution.targets), AT_ONCE):
        yield {
            "domain": execution.domain_id,
            "id": execution.id,
            "released": execution.waves is None,
            "targets": recordset(list(map(_row, execution.targets[first : first + AT_ONCE]))),
        }


def _row(target: NewTarget) -> dict[str, Any]:
    return {
        "node_id": target.node_id,
        "wire_name": target.wire_name,
        "checksum": target.checksum,
        "parameters": target.parameters,
        "timeout_seconds": target.timeout_seconds,
    }
