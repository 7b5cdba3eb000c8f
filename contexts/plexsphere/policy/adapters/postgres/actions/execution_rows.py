"""Rows of executions and targets, and what they mean."""

from collections.abc import Sequence
from typing import Any, Final

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.adapters.postgres.actions.reports import report_of
from plexsphere.policy.domain.actions.definition import ActionType
from plexsphere.policy.domain.actions.execution import Execution, Target, TargetStatus
from plexsphere.policy.domain.actions.wave_plan import WavePlan

EXECUTION: Final = (
    "execution.id, execution.domain_id, execution.project_id, execution.type, execution.action, execution.status, "
    "execution.parameters, execution.created_by, execution.size, execution.created_at, execution.updated_at, "
    "execution.ended_at, rollout.canary, rollout.percent, rollout.max_failures, execution.approve_privileged"
)
EXECUTIONS: Final = (
    "executions AS execution LEFT JOIN execution_rollouts AS rollout "
    "ON (rollout.domain_id, rollout.execution_id) = (execution.domain_id, execution.id)"
)
TARGET: Final = (
    "target.node_id, target.status, target.timeout_seconds, target.created_at, target.updated_at, target.released_at, "
    "target.deadline, target.reason, target.report IS NOT NULL OR target.note IS NOT NULL"
)


def execution_of(row: Sequence[Any]) -> Execution:
    """Return the execution that a SELECT of `EXECUTION` yielded."""
    canary, percent, max_failures = row[12:15]
    return Execution(
        id=ExecutionId(row[0]),
        domain_id=DomainId(row[1]),
        project_id=ProjectId(row[2]),
        type=ActionType(row[3]),
        action=row[4],
        status=TargetStatus(row[5]),
        parameters=row[6],
        created_by=row[7],
        approve_privileged=row[15],
        size=row[8],
        created_at=row[9],
        updated_at=row[10],
        ended_at=row[11],
        waves=None if canary is None else WavePlan(canary, percent, max_failures),
    )


def target_of(row: Sequence[Any]) -> Target:
    """Return the target that a SELECT of `TARGET` yielded, and what was reported where the row goes on with that."""
    report, note = row[9:11] or (None, None)
    return Target(
        node_id=NodeId(row[0]),
        status=TargetStatus(row[1]),
        timeout_seconds=row[2],
        created_at=row[3],
        updated_at=row[4],
        released_at=row[5],
        deadline=row[6],
        reason=row[7],
        is_reported=row[8],
        report=report_of(report),
        note=report_of(note),
    )
