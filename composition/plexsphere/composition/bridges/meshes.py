"""The meshes that tenancy needs, answered by fleet."""

from dataclasses import dataclass

from plexsphere.fleet.application.change_mesh_range import ChangeMeshRange
from plexsphere.fleet.application.close_mesh import CloseMesh
from plexsphere.fleet.application.count_nodes import CountNodes
from plexsphere.fleet.application.note_denied_packets import NoteDeniedPackets
from plexsphere.fleet.application.open_mesh import OpenMesh
from plexsphere.fleet.domain import errors as fleet
from plexsphere.identity.domain import errors as identity
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.mesh_range import MeshRange


@dataclass(frozen=True, slots=True)
class MeshesBridge:
    """Answers identity's port `Meshes`; each call joins the open unit of work."""

    open_mesh: OpenMesh
    change_mesh_range: ChangeMeshRange
    note_denied_packets: NoteDeniedPackets
    close_mesh: CloseMesh
    count_live_nodes: CountNodes

    async def open(self, domain_id: DomainId, mesh_range: MeshRange, *, log_denied: bool) -> None:
        await self.open_mesh(domain_id, mesh_range, log_denied=log_denied)

    async def note_denied(self, domain_id: DomainId, *, log_denied: bool) -> None:
        await self.note_denied_packets(domain_id, log_denied=log_denied)

    async def change_range(self, domain_id: DomainId, mesh_range: MeshRange) -> None:
        try:
            await self.change_mesh_range(domain_id, mesh_range)
        except fleet.MeshRangeInUse as error:
            raise identity.MeshRangeInUse(domain_id) from error

    async def close(self, domain_id: DomainId) -> None:
        await self.close_mesh(domain_id)

    async def count_nodes(self, domain_id: DomainId, project_id: ProjectId | None) -> int:
        return await self.count_live_nodes(domain_id, project_id)
