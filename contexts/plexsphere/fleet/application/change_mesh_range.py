"""Use case: hand out addresses of another range (design D15)."""

from dataclasses import dataclass

from plexsphere.fleet.ports.meshes import Meshes
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ChangeMeshRange:
    """
    Change the range of a mesh without nodes.

    It takes the turn, so that no registration can take an address of the old range meanwhile.
    """

    unit_of_work: UnitOfWork
    meshes: Meshes

    async def __call__(self, domain_id: DomainId, mesh_range: MeshRange) -> None:
        """
        Change the range.

        Raises:
            DomainNotFound: there is no mesh.
            MeshRangeInUse: an address of the old range is in use or cooling down.
        """
        async with self.unit_of_work():
            await self.meshes.take_turn(domain_id)
            await self.meshes.change_range(domain_id, mesh_range)
