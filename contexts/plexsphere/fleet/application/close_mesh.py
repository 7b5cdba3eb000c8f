"""Use case: forget the mesh of a Domain that goes."""

from dataclasses import dataclass

from plexsphere.fleet.ports.meshes import Meshes
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CloseMesh:
    """Forget the mesh, its departed nodes and the Domain's event log; who calls has seen that no node lives there."""

    unit_of_work: UnitOfWork
    meshes: Meshes

    async def __call__(self, domain_id: DomainId) -> None:
        async with self.unit_of_work():
            await self.meshes.close(domain_id)
