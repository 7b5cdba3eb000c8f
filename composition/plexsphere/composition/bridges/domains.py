"""The surface of Domains, answered by identity."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.domains import problems
from plexsphere.api.v1.domains.wiring import (
    DomainChange,
    DomainView,
    NewDomain,
    ReachabilityView,
    ReachabilityWish,
)
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.identity_errors import translated
from plexsphere.identity.application.create_domain import CreateDomain
from plexsphere.identity.application.delete_domain import DeleteDomain
from plexsphere.identity.application.get_domain import GetDomain
from plexsphere.identity.application.list_domains import ListDomains
from plexsphere.identity.application.patch_domain import PatchDomain
from plexsphere.identity.domain import errors
from plexsphere.identity.domain.domain import Domain, DomainChanges, DomainDraft
from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import DEFAULT_MESH_RANGE
from plexsphere.platform.kernel.subjects import domain_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

Settle = Callable[[DomainId], Awaitable[None]]

PROBLEM_OF: Final[Mapping[type[errors.IdentityError], Problem]] = {
    errors.InvalidDomain: problems.INVALID_DOMAIN,
    errors.InvalidReachabilityPolicy: problems.INVALID_REACHABILITY_POLICY,
    errors.SlugImmutable: problems.SLUG_IMMUTABLE,
    errors.EmptyPatch: problems.EMPTY_PATCH,
    errors.DomainNotFound: problems.DOMAIN_NOT_FOUND,
    errors.DomainSlugConflict: problems.DOMAIN_SLUG_CONFLICT,
    errors.DomainNotEmpty: problems.DOMAIN_NOT_EMPTY,
    errors.MeshRangeInUse: problems.MESH_RANGE_IN_USE,
}


@dataclass(frozen=True, slots=True)
class DomainsBridge:
    """
    Answers the port `Domains`. A Domain's birth and end stand in the platform's chain, its changes in its own.

    `settle` brings to an end what a Domain has begun elsewhere, before the Domain goes.
    """

    unit_of_work: UnitOfWork
    trail: AuditTrail
    create_domain: CreateDomain
    list_domains: ListDomains
    get_domain: GetDomain
    patch_domain: PatchDomain
    delete_domain: DeleteDomain
    settle: Settle

    async def create(self, permitted: Permitted, wish: NewDomain, /) -> DomainView:
        with translated(PROBLEM_OF):
            draft = _draft(wish)
            async with self.unit_of_work():
                domain = await self.create_domain(draft)
                self.trail.record(granted(permitted, None, domain_object(domain.id)))
        return _view(domain)

    async def page(self, wanted: PageRequest, /) -> Page[DomainView]:
        page = await self.list_domains(wanted.limit, wanted.position)
        return Page(tuple(map(_view, page.items)), page.items[-1].slug if page.more else "")

    async def get(self, permitted: Permitted, domain_id: UUID, /) -> DomainView:
        with translated(PROBLEM_OF):
            return _view(await self.get_domain(DomainId(domain_id)))

    async def change(self, permitted: Permitted, domain_id: UUID, change: DomainChange, /) -> DomainView:
        with translated(PROBLEM_OF):
            changes = _changes(change)
            async with self.unit_of_work():
                domain = await self.patch_domain(DomainId(domain_id), changes)
                self.trail.record(granted(permitted, domain.id, domain_object(domain.id)))
        return _view(domain)

    async def remove(self, permitted: Permitted, domain_id: UUID, /) -> None:
        # Outside the transaction: no connection is held while a customer's cluster is asked.
        await self.settle(DomainId(domain_id))
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                await self.delete_domain(DomainId(domain_id))
                self.trail.record(granted(permitted, None, domain_object(domain_id)))


def _draft(wish: NewDomain) -> DomainDraft:
    return DomainDraft(
        slug=wish.slug,
        name=wish.name,
        mesh_cidr=DEFAULT_MESH_RANGE if wish.mesh_cidr is None else wish.mesh_cidr,
        description=wish.description,
        region=wish.region,
        reachability=ReachabilityPolicy() if wish.reachability is None else _policy(wish.reachability),
        accept_nsk_bearer=wish.accept_nsk_bearer,
        log_denied=wish.log_denied,
    )


def _changes(change: DomainChange) -> DomainChanges:
    return DomainChanges(
        slug=change.slug,
        name=change.name,
        mesh_cidr=change.mesh_cidr,
        description=change.description,
        region=change.region,
        reachability=None if change.reachability is None else _policy(change.reachability),
        accept_nsk_bearer=change.accept_nsk_bearer,
        log_denied=change.log_denied,
    )


def _policy(wish: ReachabilityWish) -> ReachabilityPolicy:
    return ReachabilityPolicy.of(wish.heartbeat_interval, wish.stale_after, wish.unreachable_after)


def _view(domain: Domain) -> DomainView:
    policy = domain.reachability
    return DomainView(
        id=domain.id,
        name=domain.name,
        slug=domain.slug,
        mesh_cidr=str(domain.mesh_range),
        description=domain.description,
        region=domain.region,
        reachability=ReachabilityView(
            policy.heartbeat_interval, policy.stale_after, policy.unreachable_after
        ),
        accept_nsk_bearer=domain.accept_nsk_bearer,
        log_denied=domain.log_denied,
        created_at=domain.created_at,
        updated_at=domain.updated_at,
    )
