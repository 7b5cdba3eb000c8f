"""Use case: the nodes of a Domain as they are now."""

from collections.abc import Collection
from dataclasses import dataclass

from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.views import Views
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class ReadLiveNodes:
    """
    Return every live node of a Domain, with the labels that are committed now.

    The view in memory may lag behind the log; what changed since is read, however large the Domain is.

    Raises:
        DomainNotFound: there is no such Domain.
    """

    views: Views
    nodes: Nodes

    async def __call__(self, domain_id: DomainId) -> Collection[Node]:
        view = await self.views.of(domain_id)
        known = view.nodes()
        changed = await self.nodes.changed(domain_id, view.revision, ())
        living = {node.id: node for node in (*known, *changed)}
        return [node for node in living.values() if node.removed_at is None]
