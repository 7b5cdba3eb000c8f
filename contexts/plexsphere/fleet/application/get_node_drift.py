"""Use case: what a node put right lately (design D35)."""

from collections.abc import Sequence
from dataclasses import dataclass

from plexsphere.fleet.domain.drift import DriftReport
from plexsphere.fleet.ports.drift import Drift
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class GetNodeDrift:
    """Return the node's newest reports, at most 100, the newest first."""

    drift: Drift

    async def __call__(self, domain_id: DomainId, node_id: NodeId) -> Sequence[DriftReport]:
        return await self.drift.list(domain_id, node_id)
