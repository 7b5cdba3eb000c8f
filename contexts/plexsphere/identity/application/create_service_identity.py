"""Use case: let a machine become a principal."""

from dataclasses import dataclass

from plexsphere.identity.domain.principal import Identity, ServiceIdentityDraft
from plexsphere.identity.domain.pseudonym import Pseudonyms
from plexsphere.identity.ports.principals import Principals
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import MintsIds, PrincipalId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CreateServiceIdentity:
    """
    Return a new service identity of a Domain; it holds no grant yet.

    Raises:
        InvalidServiceIdentity: a field breaks its rule.
        DomainNotFound: the Domain does not exist.
        ServiceIdentityAlreadyExists: the subject is taken in the Domain.
    """

    unit_of_work: UnitOfWork
    principals: Principals
    pseudonyms: Pseudonyms
    mint_id: MintsIds
    clock: Clock

    async def __call__(self, draft: ServiceIdentityDraft) -> Identity:
        principal = draft.drawn(PrincipalId(self.mint_id()), self.clock.now())
        async with self.unit_of_work():
            await self.principals.add(principal)
        return self.pseudonyms.identity(principal)
