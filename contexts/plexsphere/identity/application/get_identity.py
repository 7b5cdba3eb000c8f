"""Use case: show a principal of a tenant."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import IdentityNotFound
from plexsphere.identity.domain.principal import Identity
from plexsphere.identity.domain.pseudonym import Pseudonyms
from plexsphere.identity.ports.principals import Principals
from plexsphere.platform.kernel.ids import DomainId, PrincipalId


@dataclass(frozen=True, slots=True)
class GetIdentity:
    """
    Return the Domain's principal.

    Raises:
        IdentityNotFound: the Domain has no such principal.
    """

    principals: Principals
    pseudonyms: Pseudonyms

    async def __call__(self, domain_id: DomainId, principal_id: PrincipalId) -> Identity:
        principal = await self.principals.get(principal_id)
        if principal is None or principal.domain_id != domain_id:
            raise IdentityNotFound(principal_id)
        return self.pseudonyms.identity(principal)
