"""The surface of identities, answered by identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.identities import problems
from plexsphere.api.v1.identities.wiring import IdentityView, NewServiceIdentity
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.identity_errors import translated
from plexsphere.identity.application.create_service_identity import CreateServiceIdentity
from plexsphere.identity.application.get_identity import GetIdentity
from plexsphere.identity.application.list_identities import ListIdentities
from plexsphere.identity.domain import errors
from plexsphere.identity.domain.principal import Identity, PrincipalKind, ServiceIdentityDraft
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import DomainId, PrincipalId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PROBLEM_OF: Final[Mapping[type[errors.IdentityError], Problem]] = {
    errors.InvalidServiceIdentity: problems.INVALID_SERVICE_IDENTITY,
    errors.DomainNotFound: problems.DOMAIN_NOT_FOUND,
    errors.IdentityNotFound: problems.IDENTITY_NOT_FOUND,
    errors.ServiceIdentityAlreadyExists: problems.SERVICE_IDENTITY_ALREADY_EXISTS,
}


@dataclass(frozen=True, slots=True)
class IdentitiesBridge:
    """Answers the port `Identities`; everything stands in the Domain's chain."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    list_identities: ListIdentities
    get_identity: GetIdentity
    create: CreateServiceIdentity

    async def page(
        self, permitted: Permitted, domain_id: UUID, kind: str | None, wanted: PageRequest, /
    ) -> Page[IdentityView]:
        domain = DomainId(domain_id)
        wanted_kind = None if kind is None else PrincipalKind(kind)
        page = await self.list_identities(domain, wanted.limit, wanted_kind, _place(wanted.position))
        views = tuple(_view(domain, identity) for identity in page.items)
        return Page(views, _position(page.items[-1]) if page.more else "")

    async def get(self, permitted: Permitted, domain_id: UUID, principal_id: UUID, /) -> IdentityView:
        domain = DomainId(domain_id)
        with translated(PROBLEM_OF):
            return _view(domain, await self.get_identity(domain, PrincipalId(principal_id)))

    async def create_service_identity(
        self, permitted: Permitted, domain_id: UUID, wish: NewServiceIdentity, /
    ) -> IdentityView:
        domain = DomainId(domain_id)
        draft = ServiceIdentityDraft(
            domain, wish.display_name, wish.subject, wish.audience, wish.federation_kind
        )
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                identity = await self.create(draft)
                self.trail.record(granted(permitted, domain, identity.principal.reference))
        return _view(domain, identity)


def _position(identity: Identity) -> str:
    return f"{identity.principal.created_at.isoformat()} {identity.principal.id}"


def _place(position: str) -> tuple[datetime, PrincipalId] | None:
    if not position:
        return None
    created_at, _, principal_id = position.partition(" ")
    return datetime.fromisoformat(created_at), PrincipalId(UUID(principal_id))


def _view(domain_id: DomainId, identity: Identity) -> IdentityView:
    principal = identity.principal
    return IdentityView(
        id=principal.id,
        kind=principal.kind.value,
        domain_id=domain_id,
        display_name=principal.display_name,
        external_subject=principal.external_subject,
        external_subject_pseudonym=identity.external_subject_pseudonym,
        created_at=principal.created_at,
        updated_at=principal.updated_at,
    )
