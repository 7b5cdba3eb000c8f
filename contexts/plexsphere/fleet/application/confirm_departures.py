"""Use case: an operator confirms that so many nodes are really gone (design D27)."""

from dataclasses import dataclass

from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.fleet.domain.liveness import GRACE_MS
from plexsphere.fleet.ports.liveness import Patiences, Silences
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ConfirmDepartures:
    """
    Let the guard of a Domain pass what it withholds, and what leaves within one interval more.

    That is what the operator was shown; the next sweep takes the nodes away. Where nothing is withheld, nothing is
    confirmed: a confirmation is never kept for a disruption to come.
    """

    unit_of_work: UnitOfWork
    patiences: Patiences
    silences: Silences

    async def __call__(self, domain_id: DomainId) -> None:
        """
        Confirm; again is as good as once.

        Raises:
            DomainNotFound: there is no such Domain.
        """
        patience = (await self.patiences.all()).get(domain_id)
        if patience is None:
            raise DomainNotFound(domain_id)
        async with self.unit_of_work():
            await self.silences.let_pass(domain_id, patience.interval + GRACE_MS)
