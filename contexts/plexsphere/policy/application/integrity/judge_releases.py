"""Use case: something was released, and nodes run its version already (plexd.md, Binary Integrity)."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, NoReturn

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork
from plexsphere.policy.application.integrity.judge_binaries import JudgeBinaries
from plexsphere.policy.domain.integrity.violation import Detection
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.integrity.judged_releases import DueRelease, JudgedReleases

LOG: Final = logging.getLogger("plexsphere.integrity")

PERIOD_SECONDS: Final = 10.0
MOST_RELEASES: Final = 100
MOST_NODES: Final = 200


@dataclass(frozen=True, slots=True)
class JudgeReleases:
    """
    Judge the nodes of a version again when something was released of it: raise what was unknown, resolve false alarms.

    Two hundred nodes at a time. A release is marked behind its last node: a pass that was cut off is begun anew.
    """

    unit_of_work: UnitOfWork
    releases: JudgedReleases
    judge: JudgeBinaries
    clock: Clock

    async def run(self) -> NoReturn:
        """Judge what is due, every ten seconds until cancelled."""
        while True:
            try:
                await self()
            except StoreUnavailable:
                LOG.warning("the database is away; binaries of new releases are judged later")
            await asyncio.sleep(PERIOD_SECONDS)

    async def __call__(self) -> None:
        """Judge the nodes of each release that is due."""
        for due in await self.releases.due(MOST_RELEASES):
            after = await self._judge_some(due, None)
            while after is not None:
                after = await self._judge_some(due, after)
            await self.releases.mark(due)

    async def _judge_some(self, due: DueRelease, after: NodePlace | None) -> NodePlace | None:
        async with self.unit_of_work():
            binaries = await self.releases.running(due.version, after, MOST_NODES)
            await self.judge(binaries, Detection.RELEASE, self.clock.now())
        return binaries[-1].place if len(binaries) == MOST_NODES else None
