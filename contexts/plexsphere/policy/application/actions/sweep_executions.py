"""The sweeper of executions: deadlines, waves, and what a moment's race left behind (design D32)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from plexsphere.platform.kernel.ids import DomainId, ExecutionId
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable, UnitOfWork
from plexsphere.policy.application.actions.expire_targets import ExpireTargets
from plexsphere.policy.application.actions.release_wave import ReleaseWave
from plexsphere.policy.domain.actions.deadlines import KEY_LIFE
from plexsphere.policy.ports.actions.executions import Executions
from plexsphere.policy.ports.actions.idempotency_keys import IdempotencyKeys
from plexsphere.policy.ports.actions.overdue_targets import OverdueTargets, Place
from plexsphere.policy.ports.actions.rollouts import Rollouts

LOG: Final = logging.getLogger("plexsphere.actions")

PERIOD_SECONDS: Final = 0.5
# A little less than the period: each rollout is looked at about once in it, however many processes sweep.
REST: Final = timedelta(seconds=0.4)
MOST_AT_ONCE: Final = 64
MOST_LOOKED_AT: Final = 500
MOST_KEYS: Final = 500


@dataclass(slots=True)
class SweepExecutions:
    """
    Sweeps in small units of work; any number of processes may do so at once, each passes the others' rows over.

    An execution at which something fails is left for the next sweep, and holds up no other. A rollout that somebody
    looked at within the `rest` is left alone.
    """

    unit_of_work: UnitOfWork
    overdue: OverdueTargets
    rollouts: Rollouts
    executions: Executions
    keys: IdempotencyKeys
    expire_targets: ExpireTargets
    release_wave: ReleaseWave
    rest: timedelta = REST
    _looked_upto: Place | None = field(default=None, init=False)

    async def run(self) -> None:
        """Sweep every half second until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailable:
                LOG.warning("the database is away; executions wait")
            await asyncio.sleep(PERIOD_SECONDS)

    async def sweep(self) -> None:
        """End what is overdue, release waves that are due, and bring statuses to what their targets say."""
        await self._expire()
        for domain_id, execution_id in await self.rollouts.next(self.rest, MOST_AT_ONCE):
            await self._or_leave(self._advance, domain_id, execution_id)
        await self._settle()
        await self.keys.forget(KEY_LIFE, MOST_KEYS)

    async def _expire(self) -> None:
        left = set[ExecutionId]()
        while places := await self.overdue.executions(left, MOST_AT_ONCE):
            for domain_id, execution_id in places:
                # Nothing ended: another process is at it, or something failed.
                if not await self._or_leave(self.expire_targets, domain_id, execution_id):
                    left.add(execution_id)

    async def _advance(self, domain_id: DomainId, execution_id: ExecutionId) -> int:
        async with self.unit_of_work():
            await self.release_wave(domain_id, execution_id)
        return 1

    async def _settle(self) -> None:
        """Settle what lags, some with each sweep, in turn: two last endings at once do not see each other."""
        looked_at = await self.overdue.open_executions(self._looked_upto, MOST_LOOKED_AT)
        self._looked_upto = looked_at[-1].place if len(looked_at) == MOST_LOOKED_AT else None
        for domain_id, execution_id in (each.place for each in looked_at if each.lags):
            await self.executions.settle(domain_id, [execution_id])

    async def _or_leave(
        self,
        step: Callable[[DomainId, ExecutionId], Awaitable[int]],
        domain_id: DomainId,
        execution_id: ExecutionId,
    ) -> int:
        try:
            return await step(domain_id, execution_id)
        except Exception as error:
            # One statement that takes too long is its execution's trouble; a store that is away is everybody's.
            if isinstance(error, StoreUnavailable) and not isinstance(error, StoreOverloaded):
                raise
            LOG.exception("execution %s of domain %s is left for the next sweep", execution_id, domain_id)
            return 0
