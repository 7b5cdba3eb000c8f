"""Whose audit chain an object belongs to."""

from dataclasses import dataclass
from uuid import UUID

from plexsphere.identity.application.get_domain import GetDomain
from plexsphere.identity.application.get_principal import GetPrincipal
from plexsphere.identity.application.get_project import GetProject
from plexsphere.identity.domain.errors import DomainNotFound, IdentityNotFound, ProjectNotFound
from plexsphere.platform.kernel.ids import DomainId, PrincipalId, ProjectId
from plexsphere.platform.kernel.subjects import PLATFORM, Reference


@dataclass(frozen=True, slots=True)
class IdentityChains:
    """
    Return the Domain that an object of identity belongs to, if it exists.

    What does not exist is the platform's: else a stranger could open a chain for every id he makes up.
    """

    get_domain: GetDomain
    get_project: GetProject
    get_principal: GetPrincipal

    async def __call__(self, resource: Reference, /) -> DomainId | None:
        if resource.id == PLATFORM:
            # Whatever type it claims: there is one platform, and nothing else bears its name.
            return None
        try:
            return await self._domain_of(resource)
        except (DomainNotFound, ProjectNotFound, IdentityNotFound):
            return None

    async def _domain_of(self, resource: Reference) -> DomainId | None:
        match resource.type:
            case "domain":
                return (await self.get_domain(DomainId(UUID(resource.id)))).id
            case "project":
                return (await self.get_project(ProjectId(UUID(resource.id)))).domain_id
            case "user" | "service-identity":
                return (await self.get_principal(PrincipalId(UUID(resource.id)))).domain_id
            case _:
                return None
