"""Storage of principals."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.principal import Principal, PrincipalKind
from plexsphere.platform.kernel.ids import DomainId, PrincipalId


class Principals(Protocol):
    """The collection of users and service identities."""

    async def add(self, principal: Principal) -> None:
        """
        Keep a new principal.

        Raises:
            DomainNotFound: its Domain does not exist.
            ServiceIdentityAlreadyExists: another principal of the Domain has its external subject.
        """
        ...

    async def get(self, principal_id: PrincipalId) -> Principal | None:
        """Return the principal, or None."""
        ...

    async def page(
        self,
        domain_id: DomainId,
        kinds: Collection[PrincipalKind],
        before: tuple[datetime, PrincipalId] | None,
        limit: int,
    ) -> Page[Principal]:
        """Return up to `limit` principals of the Domain, newest first, from behind (created_at, id)."""
        ...
