"""The collection of executions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.domain.actions.definition import ActionType
from plexsphere.policy.domain.actions.execution import Execution, ExecutionStatus, Reason, Target
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.actions.wave_plan import WavePlan


@dataclass(frozen=True, slots=True)
class NewTarget:
    """A node and what it is to be told; `parameters` None where they are the execution's."""

    node_id: NodeId
    wire_name: str
    checksum: str
    timeout_seconds: int
    parameters: str | None = None


@dataclass(frozen=True, slots=True)
class NewExecution:
    """What is dispatched; without waves every target is released at once."""

    id: ExecutionId
    domain_id: DomainId
    project_id: ProjectId
    type: ActionType
    action: str
    parameters: str
    created_by: str
    correlation_id: str
    targets: tuple[NewTarget, ...]
    approve_privileged: bool = False
    waves: WavePlan | None = None


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions are listed; an action may be named with `hooks/` or bare."""

    status: ExecutionStatus | None = None
    action_name: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """Executions without their targets, in the order of their making; `is_last` when none follow."""

    executions: tuple[Execution, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """Which open targets are cancelled, and why."""

    reason: Reason
    spares_taken_up: bool = False
    spares_released: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How many targets were cancelled, and the nodes among them that had been told, by id."""

    count: int
    told: tuple[NodeId, ...]


class Executions(Protocol):
    """Executions and their targets, kept under their Domain; changes join the open unit of work."""

    async def add(self, execution: NewExecution, /) -> None:
        """
        Keep a new execution.

        Raises:
            ProjectNotFound: its Project is not one of the Domain.
            EmptyCohort: one of its nodes was forgotten meanwhile.
        """
        ...

    async def get(
        self, domain_id: DomainId, project_id: ProjectId, execution_id: ExecutionId, /
    ) -> Execution | None:
        """Return an execution of the Project with its targets by node, without what was reported of them."""
        ...

    async def page(
        self,
        domain_id: DomainId,
        project_id: ProjectId,
        asked: ExecutionFilter,
        after: ExecutionId | None,
        limit: int,
        /,
    ) -> ExecutionPage:
        """Return up to `limit` executions of the Project, from behind `after`."""
        ...

    async def target(
        self, domain_id: DomainId, project_id: ProjectId, execution_id: ExecutionId, node_id: NodeId, /
    ) -> Target | None:
        """Return one target with what was reported of it."""
        ...

    async def reports(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Mapping[NodeId, Report]:
        """Return the reports that ended targets; meant for executions of a few."""
        ...

    async def open_targets(self, domain_id: DomainId, most: int, /) -> int:
        """Return how many targets of the Domain have not ended; who has more than `most` is counted no further."""
        ...

    async def is_any_busy(self, domain_id: DomainId, nodes: Sequence[NodeId], most: int, /) -> bool:
        """Tell whether any of the nodes has as many targets that have not ended."""
        ...

    async def end(self, domain_id: DomainId, execution_id: ExecutionId, ending: Ending, /) -> Ended:
        """Cancel the open targets that are meant."""
        ...

    async def end_of_node(
        self, domain_id: DomainId, node_id: NodeId, reason: Reason, /
    ) -> Sequence[ExecutionId]:
        """Cancel the open targets of a node; return the executions that they are of."""
        ...

    async def settle(self, domain_id: DomainId, executions: Collection[ExecutionId], /) -> None:
        """Bring the status of executions of which some target ended to what their targets say."""
        ...

    async def forget(self, older_than: timedelta, most: int, /) -> int:
        """Forget executions that ended longer ago; return how many rows that were, of targets and executions."""
        ...
