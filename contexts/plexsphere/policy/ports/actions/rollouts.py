"""Executions that are released in waves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.domain.actions.wave_plan import WavePlan


@dataclass(frozen=True, slots=True)
class Rollout:
    """
    How far a rollout is.

    `failures` leaves out targets that timed out while their node was silent; `is_late` tells that a day has passed.
    """

    plan: WavePlan
    size: int
    succeeded: int
    failures: int
    is_late: bool

    @property
    def is_halted(self) -> bool:
        """Tell whether too much failed."""
        return self.plan.halts_at(self.failures)

    @property
    def next_size(self) -> int:
        """Return how many targets the next wave has."""
        return self.plan.next_size(self.size, self.succeeded)


class Rollouts(Protocol):
    """Rollouts that are going on, and their targets; whoever works at one keeps others out until it commits."""

    async def next(self, most: int, /) -> Sequence[tuple[DomainId, ExecutionId]]:
        """Return the rollouts that nobody looked at for longest, and have them looked at now."""
        ...

    async def take(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Rollout | None:
        """Return it, or None, without waiting, when it is over or somebody else is at it."""
        ...

    async def under_way(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Sequence[NodeId]:
        """Return the nodes whose targets were released and have not ended."""
        ...

    async def waiting(self, domain_id: DomainId, execution_id: ExecutionId, /) -> Sequence[NodeId]:
        """Return the nodes whose targets wait for a wave, by id."""
        ...

    async def release(
        self, domain_id: DomainId, execution_id: ExecutionId, nodes: Sequence[NodeId], /
    ) -> None:
        """Let the nodes be told, and run their time from now."""
        ...

    async def close(self, domain_id: DomainId, execution_id: ExecutionId, /) -> None:
        """Have nothing more released; waits for whoever works at it, and before targets are locked."""
        ...
