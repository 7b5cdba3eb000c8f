"""Executions that are released in waves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.domain.actions.action_name import ActionName
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.domain.actions.wave_plan import WavePlan


@dataclass(frozen=True, slots=True)
class Rollout:
    """
    How far a rollout is.

    `is_approved` tells whether privileged hooks may run. `failures` are targets that failed, timed out or were called
    off by their nodes, but for those that silent nodes never took up; `is_late` tells that a day has passed.
    """

    project_id: ProjectId
    action: ActionName
    is_approved: bool
    plan: WavePlan
    size: int
    succeeded: int
    failures: int
    is_late: bool

    def halts_with(self, lost: int) -> bool:
        """Tell whether too much failed when so many count as failed besides."""
        return self.plan.halts_at(self.failures + lost)

    @property
    def wants_canaries(self) -> bool:
        """Tell whether more canaries must succeed."""
        return self.plan.missing_canaries(self.size, self.succeeded) > 0

    @property
    def next_size(self) -> int:
        """Return how many targets the next wave has."""
        return self.plan.next_size(self.size, self.succeeded)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A target that was released and has not ended."""

    node_id: NodeId
    was_taken_up: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A target that waits for a wave; `checksum` is what its node announced when it was dispatched."""

    node_id: NodeId
    checksum: str


class Rollouts(Protocol):
    """Rollouts that are going on, and their targets; whoever works at one keeps others out until it commits."""

    async def next(self, rest: timedelta, most: int, /) -> Sequence[tuple[DomainId, ExecutionId]]:
        """Return rollouts that nobody looked at for so long, the longest first, and have them looked at now."""
        ...

    async def take(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Rollout | None:
        """Return it, or None, without waiting, when it is over or somebody else is at it."""
        ...

    async def under_way(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Sequence[UnderWay]:
        """Return the targets that were released and have not ended."""
        ...

    async def waiting(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Sequence[Waiting]:
        """Return the targets that wait for a wave, by node."""
        ...

    async def release(
        self, domain_id: DomainId, execution_id: ExecutionId, nodes: Sequence[NodeId], /
    ) -> None:
        """Let the nodes be told, and run their time from now."""
        ...

    async def refuse(
        self, domain_id: DomainId, execution_id: ExecutionId, reason: Reason, nodes: Sequence[NodeId], /
    ) -> None:
        """End as failed what waits for a wave on these nodes."""
        ...

    async def close(self, domain_id: DomainId, execution_id: ExecutionId, /) -> None:
        """Have nothing more released; waits for whoever works at it, and before targets are locked."""
        ...
