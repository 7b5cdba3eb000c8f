"""Change what operators say of a node, and tell whom it concerns (design D16, D19, D35)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from plexsphere.fleet.application.mesh_views import sighted
from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.sight_change import rows_of
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.sight import Sight
from plexsphere.platform.kernel.events import Announcement, Announcements, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ChangeNode:
    """
    Store a node's name and metadata as edited.

    Metadata is labels, and labels decide who sees whom: the rows tell exactly the nodes whose peers or rules change,
    and the node itself its metadata. A new name concerns no node; followers alone read it again. Labels ask for no
    confirmation: that guard is for policies and removals (design D34), and a label is undone by setting it back.
    """

    unit_of_work: UnitOfWork
    take_turn: TakeTurn
    nodes: Nodes
    sight: Sight
    announcements: Announcements

    async def __call__(self, domain_id: DomainId, node_id: NodeId, edited: Callable[[Node], Node]) -> Node:
        """
        Return the node as it is stored now.

        Raises:
            NodeNotFound: it is not a live node of the Domain.
            FleetError: whatever `edited` refuses; nothing changed.
        """
        async with self.unit_of_work():
            turn = await self.take_turn(domain_id)
            node = turn.view.node(node_id)
            if node is None:
                raise NodeNotFound(node_id)
            wanted = edited(node)
            if wanted == node:
                return node
            await self.nodes.set_named(wanted, turn.revision)
            self.announcements.announce(self._rows(node, wanted))
        return replace(wanted, version=node.version + 1)

    def _rows(self, node: Node, wanted: Node) -> list[Announcement]:
        if wanted.metadata == node.metadata:
            return [Announcement(node.domain_id, SubjectKind.NODE, node.id)]
        frames = (Frame(EventType.NODE_STATE_UPDATED, node.id),)
        own = Announcement(node.domain_id, SubjectKind.NODE, node.id, frames, (node.id,))
        change = self.sight.would_change(node.domain_id, sighted(wanted))
        return [own, *rows_of(node.domain_id, SubjectKind.NODE, node.id, change)]
