"""Use case: list the tenants."""

from dataclasses import dataclass

from plexsphere.identity.domain.domain import Domain
from plexsphere.identity.domain.page import Page
from plexsphere.identity.ports.domains import Domains


@dataclass(frozen=True, slots=True)
class ListDomains:
    """Return up to `limit` Domains in the order of their slugs, from behind the slug `after`."""

    domains: Domains

    async def __call__(self, limit: int, after: str = "") -> Page[Domain]:
        return await self.domains.page(after, limit)
