"""Use case: who of a Domain is reachable, and whether its guard holds (design D27)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.domain.disruption import Census
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.ports.liveness import Patiences, Silences, Withheld
from plexsphere.platform.kernel.ids import DomainId

MOST_NAMED: Final = 100


@dataclass(frozen=True, slots=True)
class MeshReachability:
    """The live nodes by reachability, what the guard counts, and whom it withholds, naming the first 100."""

    counts: Mapping[Reachability, int]
    census: Census
    withheld: Withheld


@dataclass(frozen=True, slots=True)
class GetReachability:
    """Read it from the store, as every process would."""

    patiences: Patiences
    silences: Silences

    async def __call__(self, domain_id: DomainId) -> MeshReachability:
        """
        Return the reachability of a Domain's nodes.

        Raises:
            DomainNotFound: there is no such Domain.
        """
        patience = (await self.patiences.all()).get(domain_id)
        if patience is None:
            raise DomainNotFound(domain_id)
        return MeshReachability(
            await self.silences.counts(domain_id),
            await self.silences.census(domain_id, patience),
            await self.silences.withheld(domain_id, MOST_NAMED),
        )
