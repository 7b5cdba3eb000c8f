"""Use case: count the live nodes of a Domain or of one of its Projects."""

from dataclasses import dataclass

from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.platform.kernel.ids import DomainId, ProjectId


@dataclass(frozen=True, slots=True)
class CountNodes:
    """Return how many live nodes the Project has, or the whole Domain where none is named."""

    nodes: Nodes

    async def __call__(self, domain_id: DomainId, project_id: ProjectId | None) -> int:
        return await self.nodes.count(domain_id, project_id)
