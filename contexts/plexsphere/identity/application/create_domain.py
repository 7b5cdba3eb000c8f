"""Use case: take in a tenant."""

from dataclasses import dataclass

from plexsphere.identity.domain.domain import Domain, DomainDraft
from plexsphere.identity.ports.domains import Domains
from plexsphere.identity.ports.meshes import Meshes
from plexsphere.identity.ports.relations import Relations
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, MintsIds
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, domain_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CreateDomain:
    """
    Return a new Domain with an empty mesh, reachable for the platform's administrators.

    Raises:
        InvalidDomain: a field breaks its rule.
        DomainSlugConflict: the slug is taken.
    """

    unit_of_work: UnitOfWork
    domains: Domains
    meshes: Meshes
    relations: Relations
    mint_id: MintsIds
    clock: Clock

    async def __call__(self, draft: DomainDraft) -> Domain:
        domain = draft.drawn(DomainId(self.mint_id()), self.clock.now())
        async with self.unit_of_work():
            await self.domains.add(domain)
            await self.meshes.open(domain.id, domain.mesh_range, log_denied=domain.log_denied)
            await self.relations.relate(PLATFORM_OBJECT, "platform", domain_object(domain.id))
        return domain
