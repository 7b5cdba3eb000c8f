"""Use case: list the principals of a tenant."""

from dataclasses import dataclass
from datetime import datetime

from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.principal import Identity, PrincipalKind
from plexsphere.identity.domain.pseudonym import Pseudonyms
from plexsphere.identity.ports.principals import Principals
from plexsphere.platform.kernel.ids import DomainId, PrincipalId


@dataclass(frozen=True, slots=True)
class ListIdentities:
    """Return up to `limit` principals of a Domain, newest first, of one kind where one is named."""

    principals: Principals
    pseudonyms: Pseudonyms

    async def __call__(
        self,
        domain_id: DomainId,
        limit: int,
        kind: PrincipalKind | None = None,
        before: tuple[datetime, PrincipalId] | None = None,
    ) -> Page[Identity]:
        kinds = list(PrincipalKind) if kind is None else [kind]
        page = await self.principals.page(domain_id, kinds, before, limit)
        return Page(tuple(map(self.pseudonyms.identity, page.items)), page.more)
