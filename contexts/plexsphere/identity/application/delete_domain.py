"""Use case: let a tenant go."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import DomainNotEmpty, DomainNotFound
from plexsphere.identity.ports.domains import Domains
from plexsphere.identity.ports.meshes import Meshes
from plexsphere.identity.ports.node_identities import NodeIdentities
from plexsphere.identity.ports.relations import Relations
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import domain_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DeleteDomain:
    """
    Forget an empty Domain with its mesh, its grants and the ended identities of its former nodes.

    Raises:
        DomainNotFound: no Domain has this id.
        DomainNotEmpty: it holds Projects, identities or nodes.
    """

    unit_of_work: UnitOfWork
    domains: Domains
    node_identities: NodeIdentities
    meshes: Meshes
    relations: Relations

    async def __call__(self, domain_id: DomainId) -> None:
        async with self.unit_of_work():
            if await self.domains.claim(domain_id) is None:
                raise DomainNotFound(domain_id)
            await self._require_empty(domain_id)
            await self.meshes.close(domain_id)
            await self.relations.unrelate_object(domain_object(domain_id))
            await self.node_identities.forget_domain(domain_id)
            await self.domains.remove(domain_id)

    async def _require_empty(self, domain_id: DomainId) -> None:
        counts = await self.domains.count_children(domain_id)
        counts["nodes"] = await self.meshes.count_nodes(domain_id, None)
        if any(counts.values()):
            raise DomainNotEmpty(counts)
