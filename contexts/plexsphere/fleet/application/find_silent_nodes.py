"""Use case: of which nodes nobody can expect an answer now."""

from collections.abc import Collection
from dataclasses import dataclass

from plexsphere.fleet.ports.liveness import Silences
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class FindSilentNodes:
    """Return those of the nodes that missed heartbeats or left, as committed now."""

    silences: Silences

    async def __call__(self, domain_id: DomainId, nodes: Collection[NodeId]) -> frozenset[NodeId]:
        return await self.silences.silent_among(domain_id, nodes)
