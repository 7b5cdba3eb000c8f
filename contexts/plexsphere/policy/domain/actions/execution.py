"""Executions: an action, the nodes it is for, and how far each of them is (design D32; rest contract 3.8)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.domain.actions.definition import ActionType
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.actions.status import TERMINAL, TargetStatus
from plexsphere.policy.domain.actions.wave_plan import WavePlan

__all__ = ["Execution", "ExecutionStatus", "Target", "TargetStatus", "WavePlan", "aggregated"]

ExecutionStatus = TargetStatus

# The first of these that any target ended with is how the execution ended.
WORST_FIRST: Final = (TargetStatus.FAILED, TargetStatus.TIMEOUT, TargetStatus.CANCELLED)


class Reason(StrEnum):
    """Why a target ended without a result; a rejection gives the agent's own reason instead."""

    NOT_TAKEN_UP = "not_taken_up"
    SILENT = "silent"
    NOT_FINISHED = "not_finished"
    CANCELLED = "cancelled"
    HALTED = "halted"
    ROLLOUT_OVER = "rollout_over"
    NOT_ANNOUNCED = "not_announced"
    DRIFTED = "drifted"
    NOT_APPROVED = "not_approved"
    CHANGED = "changed"
    NODE_LEFT = "node_left"


@dataclass(frozen=True, slots=True)
class Target:
    """
    One node of an execution.

    `released_at` None until a wave takes it. `deadline` is when it must have been taken up, from then on when it must
    have ended; all instants are the database's. `is_reported` tells that a result or a note was kept; what they say is
    read for a single target alone: `report` ended the target, `note` came too early or too late, and differs.
    """

    node_id: NodeId
    status: TargetStatus
    timeout_seconds: int
    created_at: datetime
    updated_at: datetime
    released_at: datetime | None = None
    deadline: datetime | None = None
    reason: str = ""
    is_reported: bool = False
    report: Report | None = None
    note: Report | None = None

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing can change the status any more."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class Execution:
    """
    An action that was dispatched.

    `action` is a builtin's name, or `hooks/<name>`; `parameters` is the JSON object as it was given. `created_by` is
    `<kind>:<id>`, and `approve_privileged` whether that one let privileged hooks run. A page of executions leaves the
    targets out; `size` is how many there are.
    """

    id: ExecutionId
    domain_id: DomainId
    project_id: ProjectId
    type: ActionType
    action: str
    status: ExecutionStatus
    parameters: str
    created_by: str
    approve_privileged: bool
    size: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    waves: WavePlan | None = None
    targets: tuple[Target, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Tell whether every target has."""
        return self.status in TERMINAL

    def holding(self, targets: tuple[Target, ...]) -> Self:
        """
        Return it with its targets, which may have been read a moment later, and as they say.

        What is kept of it may lag behind them: two that end at one instant do not see each other.
        """
        status = (
            self.status if self.has_ended or not targets else aggregated({each.status for each in targets})
        )
        if status is self.status:
            return replace(self, targets=targets)
        at = max(each.updated_at for each in targets)
        ended_at = at if status in TERMINAL else None
        return replace(self, status=status, updated_at=at, ended_at=ended_at, targets=targets)


def aggregated(targets: Collection[TargetStatus]) -> ExecutionStatus:
    """Return the status of an execution whose targets have these; of one without targets it is `succeeded`."""
    statuses = frozenset(targets)
    if statuses <= TERMINAL:
        return next((worst for worst in WORST_FIRST if worst in statuses), TargetStatus.SUCCEEDED)
    if statuses & (TERMINAL | {TargetStatus.STARTED}):
        return TargetStatus.STARTED
    return TargetStatus.ACK if TargetStatus.ACK in statuses else TargetStatus.PENDING
