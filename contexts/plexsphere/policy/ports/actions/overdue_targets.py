"""Targets whose time is over, and executions that may need a look."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.domain.actions.execution import Reason

Place = tuple[DomainId, ExecutionId]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A target past its deadline; `was_taken_up` tells which deadline that was."""

    node_id: NodeId
    was_taken_up: bool


@dataclass(frozen=True, slots=True)
class OpenExecution:
    """An execution that goes on; it lags when all its targets have ended all the same."""

    place: Place
    lags: bool


class OverdueTargets(Protocol):
    """Finds what is overdue, and ends it."""

    async def executions(self, left_out: Collection[ExecutionId], most: int, /) -> Sequence[Place]:
        """Return executions with overdue targets, without those that are left out."""
        ...

    async def take(self, domain_id: DomainId, execution_id: ExecutionId, most: int, /) -> Sequence[Overdue]:
        """Lock overdue targets, by node, passing over those that somebody writes at this moment."""
        ...

    async def expire(
        self, domain_id: DomainId, execution_id: ExecutionId, reason: Reason, nodes: Collection[NodeId], /
    ) -> None:
        """End locked targets as timeouts."""
        ...

    async def open_executions(self, after: Place | None, most: int, /) -> Sequence[OpenExecution]:
        """Return executions whose status says that they go on, from behind the place."""
        ...
