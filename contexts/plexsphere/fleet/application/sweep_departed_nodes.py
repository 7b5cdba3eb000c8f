"""Use case: forget nodes that left long ago."""

from dataclasses import dataclass
from datetime import timedelta

from plexsphere.fleet.ports.departed import Departed, Remains
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SweepDepartedNodes:
    """
    Forget a few nodes with everything that anybody keeps of them, all of it or nothing.

    So a used token and the node that used it are there together, or gone together (hardening 5.4). The audit trail
    keeps what was done.
    """

    unit_of_work: UnitOfWork
    departed: Departed
    remains: Remains

    async def __call__(self, kept: timedelta, most: int) -> int:
        """Return how many nodes that left longer ago than `kept` were forgotten."""
        async with self.unit_of_work():
            nodes = await self.departed.forget_nodes(kept, most)
            await self.remains.forget(nodes)
        return len(nodes)
