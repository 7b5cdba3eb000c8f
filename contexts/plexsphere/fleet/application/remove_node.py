"""Use case: take a node out of the mesh (plexd.md, Deregistration and Key Rotation; design D14, D34)."""

from dataclasses import dataclass

from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.fleet.domain.departure import departure_rows
from plexsphere.fleet.domain.errors import ConfirmationRequired, NodeNotFound
from plexsphere.fleet.domain.sight_change import rules_rows
from plexsphere.fleet.ports.admission import Admission
from plexsphere.fleet.ports.errands import Errands
from plexsphere.fleet.ports.manifests import Manifests
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.sight import Sight
from plexsphere.platform.kernel.events import Announcements
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RemoveNode:
    """
    End a node's identity and its place in the mesh, and make every remaining pair of its former peers fresh.

    The peers hear `peer_removed` first and their fresh keys after it, in one order everywhere.
    """

    unit_of_work: UnitOfWork
    take_turn: TakeTurn
    nodes: Nodes
    admission: Admission
    manifests: Manifests
    errands: Errands
    sight: Sight
    announcements: Announcements

    async def __call__(self, domain_id: DomainId, node_id: NodeId, reason: str, *, confirm: bool) -> None:
        """
        Remove the node.

        Raises:
            NodeNotFound: it is not a live node of the Domain.
            ConfirmationRequired: too much would vanish at once, and `confirm` is False.
        """
        async with self.unit_of_work():
            # Identity first, then the turn, as a repeated registration locks them: no deadlock.
            await self.admission.end(domain_id, node_id)
            turn = await self.take_turn(domain_id)
            if turn.view.node(node_id) is None:
                raise NodeNotFound(node_id)
            change = self.sight.would_leave(domain_id, node_id)
            if not confirm and change.needs_confirmation:
                raise ConfirmationRequired
            former = self.sight.peers_of(domain_id, node_id)
            await self.nodes.depart(domain_id, node_id, turn.revision)
            await self.manifests.withdraw(domain_id, node_id)
            await self.errands.call_off(domain_id, node_id)
            await self.nodes.move_epochs(domain_id, former, turn.revision)
            rows = departure_rows(
                domain_id, node_id, former, lambda peer: self.sight.peers_of(domain_id, peer), reason
            )
            unseen = rules_rows(domain_id, node_id, change.recompiled - former - {node_id})
            self.announcements.announce([*rows, *unseen])
