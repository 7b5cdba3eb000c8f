"""Storage of Domains."""

from collections.abc import Mapping
from typing import Protocol

from plexsphere.identity.domain.domain import Domain
from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.platform.kernel.ids import DomainId


class Domains(Protocol):
    """The collection of Domains."""

    async def add(self, domain: Domain) -> None:
        """
        Keep a new Domain.

        Raises:
            DomainSlugConflict: its slug is taken.
        """
        ...

    async def get(self, domain_id: DomainId) -> Domain | None:
        """Return the Domain, or None."""
        ...

    async def claim(self, domain_id: DomainId) -> Domain | None:
        """Return the Domain, which nobody else can change or fill until the unit of work ends, or None."""
        ...

    async def page(self, after: str, limit: int) -> Page[Domain]:
        """Return up to `limit` Domains in the order of their slugs, from behind `after`."""
        ...

    async def reachability_policies(self) -> Mapping[DomainId, ReachabilityPolicy]:
        """Return the reachability policy of every Domain."""
        ...

    async def put(self, domain: Domain) -> None:
        """Keep the Domain as it now is; its slug stays."""
        ...

    async def count_children(self, domain_id: DomainId) -> dict[str, int]:
        """Return how many `projects` and `identities` the Domain holds."""
        ...

    async def remove(self, domain_id: DomainId) -> None:
        """Forget an empty Domain."""
        ...
