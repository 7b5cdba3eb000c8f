"""Use case: a node tells what it put right when it reconciled (plexd.md, Reconciliation)."""

from collections.abc import Sequence
from dataclasses import dataclass

from plexsphere.fleet.domain.drift import Correction, DriftReport
from plexsphere.fleet.ports.drift import Drift
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, MintsIds, NodeId


@dataclass(frozen=True, slots=True)
class ReportDrift:
    """Keep the report under the time it arrived; one without corrections says nothing and is not kept."""

    drift: Drift
    clock: Clock
    mint_id: MintsIds

    async def __call__(self, domain_id: DomainId, node_id: NodeId, corrections: Sequence[Correction]) -> None:
        """
        Keep the report.

        Raises:
            NodeNotFound: the node was never registered.
        """
        if corrections:
            report = DriftReport.of(self.mint_id(), self.clock.now(), corrections)
            await self.drift.add(domain_id, node_id, report)
