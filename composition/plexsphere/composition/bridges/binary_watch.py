"""Checksums that heartbeats told, judged by policy."""

from collections.abc import Sequence
from dataclasses import dataclass

from plexsphere.fleet.ports.heartbeats import ToldChecksum
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.application.integrity.check_binaries import CheckBinaries
from plexsphere.policy.ports.integrity import binaries


@dataclass(frozen=True, slots=True)
class BinaryWatchBridge:
    """Answers fleet's port `BinaryWatch`."""

    check_binaries: CheckBinaries

    async def hear(self, told: Sequence[ToldChecksum], /) -> frozenset[NodeId]:
        return await self.check_binaries(
            [binaries.ToldChecksum(each.domain_id, each.node_id, each.checksum) for each in told]
        )
