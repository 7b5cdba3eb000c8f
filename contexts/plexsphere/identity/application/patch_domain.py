"""Use case: change a tenant."""

from dataclasses import dataclass

from plexsphere.identity.domain.domain import Domain, DomainChanges
from plexsphere.identity.domain.errors import DomainNotFound
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.identity.ports.domains import Domains
from plexsphere.identity.ports.meshes import Meshes
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.events import Announcement, Announcements, SubjectKind
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PatchDomain:
    """
    Return the Domain with the changes made.

    Raises:
        SlugImmutable: the changes name the slug.
        EmptyPatch: they name nothing.
        DomainNotFound: no Domain has this id.
        InvalidDomain: a field would break its rule.
        MeshRangeInUse: a node's address lies outside the new mesh range.
    """

    unit_of_work: UnitOfWork
    domains: Domains
    meshes: Meshes
    credential_epochs: CredentialEpochs
    announcements: Announcements
    clock: Clock

    async def __call__(self, domain_id: DomainId, changes: DomainChanges) -> Domain:
        changes.require_some()
        async with self.unit_of_work():
            standing = await self.domains.claim(domain_id)
            if standing is None:
                raise DomainNotFound(domain_id)
            domain = changes.applied_to(standing, self.clock.now())
            await self.domains.put(domain)
            await self._follow_up(standing, domain)
        return domain

    async def _follow_up(self, before: Domain, after: Domain) -> None:
        if after.mesh_range != before.mesh_range:
            await self.meshes.change_range(after.id, after.mesh_range)
        if after.log_denied != before.log_denied:
            await self.meshes.note_denied(after.id, log_denied=after.log_denied)
        if before.accept_nsk_bearer and not after.accept_nsk_bearer:
            # Every node secret key of the Domain has just stopped being a bearer: that is a revocation, and it ends
            # the streams that were opened with one.
            self.credential_epochs.raise_()
            self.announcements.announce([Announcement(after.id, SubjectKind.DOMAIN, after.id)])
