"""Part of a use case: the next step of a rollout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.events import Announcements, EventType
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.application.actions.told import told
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.ports.actions.cohorts import Cohorts
from plexsphere.policy.ports.actions.executions import Ending, Executions
from plexsphere.policy.ports.actions.rollouts import Rollout, Rollouts

# What runs already is let run; what nobody took up yet nobody shall.
HALTED: Final = Ending(Reason.HALTED, spares_taken_up=True)
OVER: Final = Ending(Reason.ROLLOUT_OVER, spares_released=True)


@dataclass(frozen=True, slots=True)
class ReleaseWave:
    """
    Release the next wave when it is due, halt the rollout when too much failed, end it after a day.

    Within an open unit of work. A wave is due when every node that was told has ended or is silent; it takes nodes
    that can be heard first, and silent ones only when no other is left: those all at once, for nobody waits for them.
    """

    rollouts: Rollouts
    executions: Executions
    cohorts: Cohorts
    announcements: Announcements

    async def __call__(self, domain_id: DomainId, execution_id: ExecutionId) -> None:
        rollout = await self.rollouts.take(domain_id, execution_id)
        if rollout is None:
            return
        if rollout.is_halted or rollout.is_late:
            await self._end(domain_id, execution_id, HALTED if rollout.is_halted else OVER)
            return
        under_way = await self.rollouts.under_way(domain_id, execution_id)
        if len(await self.cohorts.silent_among(domain_id, under_way)) == len(under_way):
            await self._release(domain_id, execution_id, rollout, is_last=not under_way)

    async def _end(self, domain_id: DomainId, execution_id: ExecutionId, ending: Ending) -> None:
        await self.rollouts.close(domain_id, execution_id)
        ended = await self.executions.end(domain_id, execution_id, ending)
        if ended.count:
            await self.executions.settle(domain_id, [execution_id])
        self.announcements.announce(told(domain_id, execution_id, ended.told))

    async def _release(
        self, domain_id: DomainId, execution_id: ExecutionId, rollout: Rollout, *, is_last: bool
    ) -> None:
        waiting = await self.rollouts.waiting(domain_id, execution_id)
        if waiting:
            wave = await self._wave(domain_id, waiting, rollout.next_size)
            await self.rollouts.release(domain_id, execution_id, wave)
            self.announcements.announce(told(domain_id, execution_id, wave, EventType.ACTION_REQUEST))
        elif is_last:
            await self.rollouts.close(domain_id, execution_id)

    async def _wave(self, domain_id: DomainId, waiting: Sequence[NodeId], size: int) -> Sequence[NodeId]:
        silent = await self.cohorts.silent_among(domain_id, waiting)
        return [each for each in waiting if each not in silent][:size] or waiting
