"""What this surface needs from outside, in its own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.node_access import HomedNode
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class WavesView:
    """How targets are released: so many canaries first, then so many percent a wave, until so many failed."""

    canary: int
    percent: int
    max_failures: int


@dataclass(frozen=True, slots=True)
class DispatchWish:
    """
    An action as wished, judged by nobody yet.

    Exactly one of `node_id` and `selector` is given. `body_digest` is the same for what says the same; it counts
    together with an `idempotency_key`, which is empty when there is none.
    """

    action: str
    type: str
    parameters: Mapping[str, Any] = field(repr=False)
    timeout_seconds: int
    node_id: UUID | None
    selector: str | None
    approve_privileged: bool
    waves: WavesView | None
    idempotency_key: str
    body_digest: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """Which executions a list is of; an empty text stands for all."""

    status: str = ""
    action_name: str = ""


@dataclass(frozen=True, slots=True)
class TargetView:
    """
    One node of an execution.

    Until a wave takes it `released_at` and `deadline` are None. It must have been taken up by its deadline, and from
    then on it must have ended. `output` is the beginning of what the action wrote, where it is told.
    """

    node_id: UUID
    status: str
    created_at: datetime
    updated_at: datetime
    timeout_seconds: int
    released_at: datetime | None = None
    deadline: datetime | None = None
    reason: str = ""
    output: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """A dispatched action; `parameters` and `targets` are empty where only its header was asked for."""

    id: UUID
    project_id: UUID
    domain_id: UUID
    action: str
    type: str
    status: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    created_by: str
    approve_privileged: bool
    size: int
    waves: WavesView | None
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    targets: Sequence[TargetView] = ()


@dataclass(frozen=True, slots=True)
class TriggerView:
    """Who or what had a node run an action, in the node's words; what it left out is empty."""

    type: str
    session_id: str = ""
    user_id: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ReportView:
    """What a node reported of a run."""

    status: str
    exit_code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    duration: str
    finished_at: datetime | None
    triggered_by: TriggerView


@dataclass(frozen=True, slots=True)
class TargetResultView:
    """A target with all that its node reported; `note` came later and says something else than what counts."""

    execution_id: UUID
    target: TargetView
    report: ReportView | None
    note: ReportView | None


@dataclass(frozen=True, slots=True)
class LocalExecutionView:
    """An action that a node ran without being asked by the control plane; `id` is the node's own."""

    id: str
    node_id: UUID
    recorded_at: datetime
    report: ReportView
    note: ReportView | None


class Executions(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def dispatch(self, permitted: Permitted, project_id: UUID, wish: DispatchWish, /) -> ExecutionView:
        """
        Ask nodes to run an action, once for each Idempotency-Key of the caller's in the Project.

        Raises:
            Refusal: project_not_found, malformed_selector, selector_empty_cohort, cohort_too_large,
                action_not_declared, hook_integrity_violation, approval_required, invalid_parameters,
                artifact_not_stored, capacity_exceeded, idempotency_conflict.
        """
        ...

    async def page(
        self, permitted: Permitted, project_id: UUID, listed: Listed, wanted: PageRequest, /
    ) -> Page[ExecutionView]:
        """
        Return a page of the Project's executions in the order of their creation, without targets.

        Raises:
            Refusal: project_not_found.
        """
        ...

    async def get(self, permitted: Permitted, project_id: UUID, execution_id: UUID, /) -> ExecutionView:
        """
        Return one with its targets.

        Raises:
            Refusal: execution_not_found, also for one of another Project.
        """
        ...

    async def target(
        self, permitted: Permitted, project_id: UUID, execution_id: UUID, node_id: UUID, /
    ) -> TargetResultView:
        """
        Return one target with what its node reported.

        Raises:
            Refusal: execution_not_found, also for a node that is no target.
        """
        ...

    async def cancel(self, permitted: Permitted, project_id: UUID, execution_id: UUID, /) -> ExecutionView:
        """
        End every target that has not ended; an execution that has ended is returned as it is.

        Raises:
            Refusal: execution_not_found, also for one of another Project.
        """
        ...

    async def local_page(
        self, permitted: Permitted, node: HomedNode, wanted: PageRequest, /
    ) -> Page[LocalExecutionView]:
        """Return a page of what the node ran by itself, by id; it may be shorter than wished."""
        ...
