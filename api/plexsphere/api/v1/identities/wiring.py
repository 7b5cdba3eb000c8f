"""What this surface needs from outside, in its own words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class NewServiceIdentity:
    """A service identity as wished."""

    display_name: str
    subject: str
    audience: str
    federation_kind: str


@dataclass(frozen=True, slots=True)
class IdentityView:
    """A principal of a Domain; `external_subject` is for its auditors alone."""

    id: UUID
    kind: str
    domain_id: UUID
    display_name: str
    external_subject: str
    external_subject_pseudonym: str
    created_at: datetime
    updated_at: datetime


class Identities(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def page(
        self, permitted: Permitted, domain_id: UUID, kind: str | None, wanted: PageRequest, /
    ) -> Page[IdentityView]:
        """Return a page of a Domain's principals, the newest first."""
        ...

    async def get(self, permitted: Permitted, domain_id: UUID, principal_id: UUID, /) -> IdentityView:
        """
        Return one.

        Raises:
            Refusal: identity_not_found.
        """
        ...

    async def create_service_identity(
        self, permitted: Permitted, domain_id: UUID, wish: NewServiceIdentity, /
    ) -> IdentityView:
        """
        Make a service identity.

        Raises:
            Refusal: invalid_service_identity, service_identity_already_exists, domain_not_found.
        """
        ...
