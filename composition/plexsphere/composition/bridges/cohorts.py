"""The nodes that actions are meant for, as policy asks it of fleet."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.application.find_node import FindNode
from plexsphere.fleet.application.find_silent_nodes import FindSilentNodes
from plexsphere.fleet.application.read_live_nodes import ReadLiveNodes
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.selector import Selector

# So many are matched in less than 2 ms, against conditions as long as a selector may have.
AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class CohortsBridge:
    """Answers policy's port `Cohorts`."""

    find_node: FindNode
    read_live_nodes: ReadLiveNodes
    find_silent_nodes: FindSilentNodes

    async def node(self, domain_id: DomainId, project_id: ProjectId, node_id: NodeId, /) -> frozenset[NodeId]:
        """Ask for the node alone."""
        node = await self.find_node(node_id)
        is_meant = node is not None and (node.domain_id, node.project_id) == (domain_id, project_id)
        return frozenset({node_id} if is_meant else ())

    async def selected(
        self, domain_id: DomainId, project_id: ProjectId, selector: Selector, /
    ) -> frozenset[NodeId]:
        """Hold the selector against the labels of each node of the Project."""
        try:
            nodes = await self.read_live_nodes(domain_id)
        except DomainNotFound:
            return frozenset()
        meant = set[NodeId]()
        for place, node in enumerate(nodes, start=1):
            if node.project_id == project_id and selector.matches(node.metadata):
                meant.add(node.id)
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        return frozenset(meant)

    async def silent_among(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> frozenset[NodeId]:
        """Ask which nodes nobody can expect an answer of."""
        return await self.find_silent_nodes(domain_id, nodes)
