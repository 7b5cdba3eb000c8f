"""What this surface needs from outside, in its own words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ReachabilityWish:
    """Intervals in seconds; None is whatever follows from the first."""

    heartbeat_interval: int
    stale_after: int | None
    unreachable_after: int | None


@dataclass(frozen=True, slots=True)
class NewDomain:
    """A Domain as wished; None leaves a field to its default."""

    name: str
    slug: str
    mesh_cidr: str | None = None
    description: str = ""
    region: str | None = None
    reachability: ReachabilityWish | None = None
    accept_nsk_bearer: bool = False
    log_denied: bool = True


@dataclass(frozen=True, slots=True)
class DomainChange:
    """What a patch names; None leaves a field alone, an empty `region` unpins the Domain."""

    slug: str | None = None
    name: str | None = None
    mesh_cidr: str | None = None
    description: str | None = None
    region: str | None = None
    reachability: ReachabilityWish | None = None
    accept_nsk_bearer: bool | None = None
    log_denied: bool | None = None


@dataclass(frozen=True, slots=True)
class ReachabilityView:
    """When a silent node counts as stale, and when as unreachable, in seconds."""

    heartbeat_interval: int
    stale_after: int
    unreachable_after: int


@dataclass(frozen=True, slots=True)
class DomainView:
    """A Domain; `region` None is pinned nowhere."""

    id: UUID
    name: str
    slug: str
    mesh_cidr: str
    description: str
    region: str | None
    reachability: ReachabilityView
    accept_nsk_bearer: bool
    log_denied: bool
    created_at: datetime
    updated_at: datetime


class Domains(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def create(self, permitted: Permitted, wish: NewDomain, /) -> DomainView:
        """
        Make a Domain.

        Raises:
            Refusal: invalid_domain, invalid_reachability_policy, domain_slug_conflict.
        """
        ...

    async def page(self, wanted: PageRequest, /) -> Page[DomainView]:
        """Return a page of all Domains, by slug."""
        ...

    async def get(self, permitted: Permitted, domain_id: UUID, /) -> DomainView:
        """
        Return one.

        Raises:
            Refusal: domain_not_found.
        """
        ...

    async def change(self, permitted: Permitted, domain_id: UUID, change: DomainChange, /) -> DomainView:
        """
        Change what the patch names.

        Raises:
            Refusal: slug_immutable, empty_patch, invalid_domain, invalid_reachability_policy, domain_not_found,
                mesh_cidr_invalidates_subrange.
        """
        ...

    async def remove(self, permitted: Permitted, domain_id: UUID, /) -> None:
        """
        Remove an empty Domain.

        Raises:
            Refusal: domain_not_found, domain_not_empty with `child_counts`.
        """
        ...
