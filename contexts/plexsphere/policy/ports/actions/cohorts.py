"""The nodes that an action is meant for, as fleet knows them."""

from collections.abc import Collection
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.selector import Selector


class Cohorts(Protocol):
    """Finds live nodes of a Project."""

    async def node(self, domain_id: DomainId, project_id: ProjectId, node_id: NodeId, /) -> frozenset[NodeId]:
        """Return the node alone when it is a live one of the Project, else nobody."""
        ...

    async def selected(
        self, domain_id: DomainId, project_id: ProjectId, selector: Selector, /
    ) -> frozenset[NodeId]:
        """Return the live nodes of the Project that the selector means."""
        ...

    async def silent_among(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> frozenset[NodeId]:
        """Return those of the nodes that missed heartbeats or left: nobody waits for them."""
        ...
