"""Use case: list what the nodes of a Project announced (plexd.md, Binary Integrity)."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import NodeId, ProjectId
from plexsphere.policy.domain.integrity.binary import BinaryStatus, binary_status
from plexsphere.policy.ports.hooks.node_capabilities import AnnouncedNode, NodeCapabilities
from plexsphere.policy.ports.integrity.known_good import KnownGood
from plexsphere.policy.ports.projects import Projects


@dataclass(frozen=True, slots=True)
class JudgedNode:
    """What a node announced, and how its binary compares with what is released by now."""

    node: AnnouncedNode
    status: BinaryStatus


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """A page in the order of the nodes' ids; `last` is where the next one starts behind, None at the end."""

    nodes: tuple[JudgedNode, ...]
    last: NodeId | None


@dataclass(frozen=True, slots=True)
class ListCapabilities:
    """Return a page of a Project's nodes; there are none in a Project that does not exist."""

    projects: Projects
    capabilities: NodeCapabilities
    known_good: KnownGood

    async def __call__(
        self, project_id: ProjectId, only: NodeId | None, after: NodeId | None, limit: int
    ) -> JudgedPage:
        domain_id = await self.projects.domain_of(project_id)
        if domain_id is None:
            return JudgedPage((), None)
        page = await self.capabilities.nodes_page(domain_id, project_id, only, after, limit)
        versions = {each.binary.version for each in page.nodes}
        released = {version: await self.known_good.of(version) for version in versions}
        nodes = tuple(
            JudgedNode(each, binary_status(each.binary.checksum, released[each.binary.version]))
            for each in page.nodes
        )
        return JudgedPage(nodes, None if page.is_last else page.nodes[-1].place.node_id)
