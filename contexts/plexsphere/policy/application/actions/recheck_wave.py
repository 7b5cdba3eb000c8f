"""Part of a use case: hold the targets of a wave against what their nodes announce by now."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.policy.application.actions.audited import audited
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.ports.actions.announced_actions import Announced, AnnouncedActions
from plexsphere.policy.ports.actions.rollouts import Rollout, Rollouts, Waiting

# So many are held against what was announced in less than 2 ms.
AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class RecheckWave:
    """
    End as failed what was to be released and is not any more what was dispatched; return the others.

    Within an open unit of work. Hours may lie between a dispatch and its last wave: what would be refused now is not
    run because it was asked for before.
    """

    rollouts: Rollouts
    announced: AnnouncedActions
    trail: AuditTrail

    async def __call__(
        self, domain_id: DomainId, execution_id: ExecutionId, rollout: Rollout, wave: Sequence[Waiting]
    ) -> Sequence[Waiting]:
        nodes = [each.node_id for each in wave]
        announced = await self.announced.of(domain_id, rollout.action.type, rollout.action.bare, nodes)
        refused: defaultdict[Reason, list[NodeId]] = defaultdict(list)
        fit: list[Waiting] = []
        for place, target in enumerate(wave, start=1):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
            reason = _refusal(target, announced.get(target.node_id), rollout)
            if reason is None:
                fit.append(target)
            else:
                refused[reason].append(target.node_id)
        for reason, meant in refused.items():
            await self._refuse(domain_id, execution_id, rollout, reason, meant)
        return fit

    async def _refuse(
        self,
        domain_id: DomainId,
        execution_id: ExecutionId,
        rollout: Rollout,
        reason: Reason,
        nodes: Sequence[NodeId],
    ) -> None:
        await self.rollouts.refuse(domain_id, execution_id, reason, nodes)
        about = domain_id, rollout.project_id, execution_id, PLATFORM_OBJECT, "execution.refuse"
        self.trail.record(audited(*about, reason=reason.value, targets=len(nodes)))


def _refusal(target: Waiting, announced: Announced | None, rollout: Rollout) -> Reason | None:
    if announced is None:
        return Reason.NOT_ANNOUNCED
    if announced.is_drifted:
        return Reason.DRIFTED
    if announced.definition.privileged and not rollout.is_approved:
        return Reason.NOT_APPROVED
    return None if announced.definition.checksum == target.checksum else Reason.CHANGED
