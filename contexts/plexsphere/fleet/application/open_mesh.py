"""Use case: give a new Domain its mesh."""

from dataclasses import dataclass

from plexsphere.fleet.ports.meshes import Meshes
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class OpenMesh:
    """Open an empty mesh with a secret of its own, and the Domain's event log, in the unit of work that is open."""

    unit_of_work: UnitOfWork
    meshes: Meshes

    async def __call__(self, domain_id: DomainId, mesh_range: MeshRange, *, log_denied: bool = True) -> None:
        async with self.unit_of_work():
            await self.meshes.open(domain_id, mesh_range, log_denied=log_denied)
