"""Use case: heartbeats told other checksums of binaries than before (plexd.md, Binary Integrity)."""

from collections.abc import Sequence
from dataclasses import dataclass

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.integrity.judge_binaries import JudgeBinaries
from plexsphere.policy.domain.integrity.violation import Detection
from plexsphere.policy.ports.integrity.binaries import Binaries, ToldChecksum


@dataclass(frozen=True, slots=True)
class CheckBinaries:
    """Keep the checksums beside what the nodes announced, and judge them by the versions announced."""

    unit_of_work: UnitOfWork
    binaries: Binaries
    judge: JudgeBinaries
    clock: Clock

    async def __call__(self, told: Sequence[ToldChecksum]) -> frozenset[NodeId]:
        """Return the nodes that somebody else holds, which are to be asked about again."""
        async with self.unit_of_work():
            noted = await self.binaries.note_checksums(told)
            await self.judge(noted.binaries, Detection.HEARTBEAT, self.clock.now())
        return noted.held
