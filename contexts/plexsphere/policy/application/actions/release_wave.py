"""Part of a use case: the next step of a rollout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.events import Announcements, EventType
from plexsphere.platform.kernel.ids import DomainId, ExecutionId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.policy.application.actions.audited import audited
from plexsphere.policy.application.actions.recheck_wave import RecheckWave
from plexsphere.policy.application.actions.told import told
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.ports.actions.cohorts import Cohorts
from plexsphere.policy.ports.actions.executions import Ending, Executions
from plexsphere.policy.ports.actions.rollouts import Rollout, Rollouts, UnderWay, Waiting

# What runs already is let run; what nobody took up yet nobody shall.
HALTED: Final = Ending(Reason.HALTED, spares_taken_up=True)
OVER: Final = Ending(Reason.ROLLOUT_OVER, spares_released=True)


@dataclass(frozen=True, slots=True)
class ReleaseWave:
    """
    Release the next wave when it is due, halt the rollout when too much failed, end it after a day.

    Within an open unit of work. A wave is due when every node that was told has ended or is silent. It takes nodes
    that can be heard; when no other is left and the canaries have succeeded, silent ones are released all at once, for
    nobody waits for them. A node that took the action up and fell silent counts as failed for as long as it is.
    """

    rollouts: Rollouts
    executions: Executions
    cohorts: Cohorts
    recheck_wave: RecheckWave
    announcements: Announcements
    trail: AuditTrail

    async def __call__(self, domain_id: DomainId, execution_id: ExecutionId) -> None:
        rollout = await self.rollouts.take(domain_id, execution_id)
        if rollout is None:
            return
        under_way = await self.rollouts.under_way(domain_id, execution_id)
        silent = await self.cohorts.silent_among(domain_id, [each.node_id for each in under_way])
        lost = sum(each.was_taken_up and each.node_id in silent for each in under_way)
        if rollout.halts_with(lost):
            await self._end(domain_id, execution_id, rollout, HALTED)
        elif rollout.is_late:
            await self._end(domain_id, execution_id, rollout, OVER)
        elif len(silent) == len(under_way):
            await self._go_on(domain_id, execution_id, rollout, under_way, lost)

    async def _end(
        self, domain_id: DomainId, execution_id: ExecutionId, rollout: Rollout, ending: Ending
    ) -> None:
        await self.rollouts.close(domain_id, execution_id)
        ended = await self.executions.end(domain_id, execution_id, ending)
        if ended.count:
            await self.executions.settle(domain_id, [execution_id])
        self.announcements.announce(told(domain_id, execution_id, ended.told, EventType.ACTION_CANCELLED))
        relation = "execution.halt" if ending is HALTED else "execution.expire"
        about = domain_id, rollout.project_id, execution_id
        self.trail.record(audited(*about, PLATFORM_OBJECT, relation, targets=ended.count))

    async def _go_on(
        self,
        domain_id: DomainId,
        execution_id: ExecutionId,
        rollout: Rollout,
        under_way: Sequence[UnderWay],
        lost: int,
    ) -> None:
        waiting = await self.rollouts.waiting(domain_id, execution_id)
        wave = await self._wave(domain_id, waiting, rollout)
        fit = await self.recheck_wave(domain_id, execution_id, rollout, wave)
        refused = len(wave) - len(fit)
        if rollout.halts_with(lost + refused):
            await self._end(domain_id, execution_id, rollout, HALTED)
        elif fit:
            await self._release(domain_id, execution_id, fit)
        elif not waiting and not under_way:
            await self.rollouts.close(domain_id, execution_id)
        if refused:
            await self.executions.settle(domain_id, [execution_id])

    async def _wave(
        self, domain_id: DomainId, waiting: Sequence[Waiting], rollout: Rollout
    ) -> Sequence[Waiting]:
        silent = await self.cohorts.silent_among(domain_id, [each.node_id for each in waiting])
        heard = [each for each in waiting if each.node_id not in silent][: rollout.next_size]
        return heard or (() if rollout.wants_canaries else waiting)

    async def _release(self, domain_id: DomainId, execution_id: ExecutionId, wave: Sequence[Waiting]) -> None:
        nodes = [each.node_id for each in wave]
        await self.rollouts.release(domain_id, execution_id, nodes)
        self.announcements.announce(told(domain_id, execution_id, nodes, EventType.ACTION_REQUEST))
