"""Who asks nodes to do things."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


class Errands(Protocol):
    """Hears of every node that leaves, in the unit of work that removes it."""

    async def call_off(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Ask nothing more of a node that leaves, and expect nothing more of it."""
        ...
