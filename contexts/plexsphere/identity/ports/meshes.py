"""What tenancy needs of the fleet."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.mesh_range import MeshRange


class Meshes(Protocol):
    """The meshes of the Domains; each call joins the open unit of work."""

    async def open(self, domain_id: DomainId, mesh_range: MeshRange, *, log_denied: bool) -> None:
        """Give a new Domain its mesh, whose nodes note the packets they refuse, or do not."""
        ...

    async def change_range(self, domain_id: DomainId, mesh_range: MeshRange) -> None:
        """
        Hand out addresses of this range from now on.

        Raises:
            MeshRangeInUse: a node's address lies outside it.
        """
        ...

    async def note_denied(self, domain_id: DomainId, *, log_denied: bool) -> None:
        """Have the nodes of the mesh note, or no longer note, the packets that they refuse."""
        ...

    async def close(self, domain_id: DomainId) -> None:
        """Forget the mesh of a Domain without nodes."""
        ...

    async def count_nodes(self, domain_id: DomainId, project_id: ProjectId | None) -> int:
        """Return how many live nodes the Project has, or the whole Domain where none is named."""
        ...
