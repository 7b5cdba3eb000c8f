"""Use case: show a tenant."""

from dataclasses import dataclass

from plexsphere.identity.domain.domain import Domain
from plexsphere.identity.domain.errors import DomainNotFound
from plexsphere.identity.ports.domains import Domains
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class GetDomain:
    """
    Return the Domain.

    Raises:
        DomainNotFound: no Domain has this id.
    """

    domains: Domains

    async def __call__(self, domain_id: DomainId) -> Domain:
        domain = await self.domains.get(domain_id)
        if domain is None:
            raise DomainNotFound(domain_id)
        return domain
