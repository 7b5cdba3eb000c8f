"""Use case: the desired state of a node (plexd.md, Reconciliation; design D25)."""

from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.application.crowd_watch import CrowdWatch
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.turns import Turns
from plexsphere.fleet.domain.errors import NodeNotFound, TooManyStates
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.node_state import StateParts, Tagged, state_body
from plexsphere.fleet.ports.event_signer import EventSigner
from plexsphere.fleet.ports.pending_actions import PendingActions
from plexsphere.fleet.ports.sight import Sight
from plexsphere.fleet.ports.views import Views
from plexsphere.platform.kernel.ids import DomainId, NodeId

# Whoever waits holds a connection: streams have theirs in any case, for states it is kinder to ask again.
MOST_WAITING: Final = 4_096


@dataclass(frozen=True, slots=True)
class State:
    """A node's state; `body` is None when the caller has it already, and holds pair keys otherwise."""

    tag: str
    offset: int
    body: str | None

    def __repr__(self) -> str:
        return f"State({self.tag}, {self.offset})"


@dataclass(frozen=True, slots=True)
class GetState:
    """Answer from the view: tag, offset and body are of one moment, for nothing is awaited between them."""

    views: Views
    sight: Sight
    pending: PendingActions
    signer: EventSigner
    reconciles: ReconcileBook
    crowds: CrowdWatch
    turns: Turns

    async def __call__(self, domain_id: DomainId, node_id: NodeId, known_tag: str, seen_offset: int) -> State:
        """
        Return the state, without its body when `known_tag` is its tag.

        Raises:
            NodeNotFound: the node left.
            TooManyStates: so many wait for their turn that the caller had better ask later.
        """
        view = self.views.loaded(domain_id) or await self.views.of(domain_id)
        if self.views.position(domain_id) < seen_offset or view.node(node_id) is None:
            await self.views.catch_up(domain_id, max(seen_offset, self.views.position(domain_id) + 1))
            # Catching up may have dropped the Domain, to be read anew: the former view sees nobody any more.
            view = self.views.loaded(domain_id) or await self.views.of(domain_id)
        if self._tag(view, node_id) != known_tag:
            if len(self.turns) >= MOST_WAITING:
                raise TooManyStates
            await self.turns.next()
            view = self.views.loaded(domain_id) or await self.views.of(domain_id)
        return self._answer(view, node_id, known_tag)

    def _answer(self, view: MeshView, node_id: NodeId, known_tag: str) -> State:
        node, tag = _living(view, node_id), self._tag(view, node_id)
        offset = self.views.position(view.domain_id)
        self.reconciles.forget(node_id)
        if tag == known_tag:
            return State(tag, offset, None)
        seen = self.sight.peers_of(view.domain_id, node_id)
        self.crowds.note(view.domain_id, node_id, len(seen))
        peers = view.peers(node, seen)
        rules = self.sight.rules(view.domain_id, node_id)
        pending = self.pending.all_of(view.domain_id, node_id)
        return State(
            tag, offset, state_body(node, self.signer.keys(), view.enforcement, peers, rules, pending)
        )

    def _tag(self, view: MeshView, node_id: NodeId) -> str:
        node, signing_keys = _living(view, node_id), self.signer.keys()
        moment, known = self.sight.moment(view.domain_id), view.tagged(node_id)
        pending = self.pending.moment(view.domain_id, node_id)
        if known is not None and known.is_of(node, moment, pending, signing_keys):
            return known.tag
        weight = self.sight.peers_weight(view.domain_id, node.id)
        rules_tag = self.sight.rules_tag(view.domain_id, node.id)
        pending_tag = self.pending.tag(view.domain_id, node.id)
        tag = StateParts(
            node, view.keys.generation, weight, rules_tag, pending_tag, signing_keys, view.enforcement
        ).tag
        view.keep(Tagged(node, moment, pending, signing_keys, tag))
        return tag


def _living(view: MeshView, node_id: NodeId) -> Node:
    node = view.node(node_id)
    if node is None:
        raise NodeNotFound(node_id)
    return node
