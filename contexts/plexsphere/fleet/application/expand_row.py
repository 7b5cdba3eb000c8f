"""From a row of the log to what one recipient is told of it, as things are now (design D19, D20, D22)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.domain.envelope import Place, frame
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.fleet.ports.event_signer import EventSigner
from plexsphere.fleet.ports.pending_actions import PendingActions
from plexsphere.fleet.ports.sight import Sight
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.events import EventType, Frame
from plexsphere.platform.kernel.ids import ExecutionId, NodeId

MOST_RULES_CHARACTERS: Final = 256 * 1024

CARRIES_PEER: Final = frozenset(
    {EventType.PEER_ADDED, EventType.PEER_KEY_ROTATED, EventType.PEER_ENDPOINT_CHANGED}
)


@dataclass(frozen=True, slots=True)
class ExpandRow:
    """
    Build the signed frames of a row for one node, one by one.

    A peer the node does not see any more leaves a hole in the numbering, so a replay never hands out its key; so does
    an action that was taken up, ended or expired, which no replay asks for again. What is told is always current, and
    signed now: agents refuse what was signed more than five minutes ago.
    """

    sight: Sight
    pending: PendingActions
    signer: EventSigner
    clock: Clock

    def __call__(self, view: MeshView, row: Row, node_id: NodeId, behind: int) -> Iterator[bytes]:
        """Yield the frames with a place above `behind`, in order."""
        for k, each in enumerate(row.frames):
            if each is None or k <= behind:
                continue
            payload = self._payload(view, row, each, node_id)
            if payload is not None:
                place = Place(row.offset, k, node_id)
                yield frame(each.event_type, place, payload, self.clock.now(), self.signer.sign)

    def _payload(self, view: MeshView, row: Row, each: Frame, node_id: NodeId) -> str | None:
        if each.event_type in CARRIES_PEER:
            return self._peer(view, NodeId(each.subject), node_id)
        if each.event_type is EventType.PEER_REMOVED:
            return _removed(NodeId(each.subject), node_id, row.reason)
        if each.event_type is EventType.POLICY_UPDATED:
            return self._policies(view, node_id)
        if each.event_type is EventType.NODE_STATE_UPDATED:
            return _state(view, NodeId(each.subject), node_id)
        return self._action(view, each, node_id)

    def _peer(self, view: MeshView, peer: NodeId, node_id: NodeId) -> str | None:
        if not self.sight.sees(view.domain_id, node_id, peer):
            return None
        told = view.peer(node_id, peer)
        return told and f'{{"node_id":"{node_id}",{told}'

    def _policies(self, view: MeshView, node_id: NodeId) -> str | None:
        if view.node(node_id) is None:
            return None
        rules = self.sight.rules(view.domain_id, node_id)
        if len(rules) > MOST_RULES_CHARACTERS:
            # Signing and sending megabytes to everyone would hold up every stream: the node is told that its rules
            # are others now, and pulls them with its state.
            return f'{{"node_id":"{node_id}","enforcement":{view.enforcement.as_json}}}'
        return f'{{"node_id":"{node_id}","policies":{rules},"enforcement":{view.enforcement.as_json}}}'

    def _action(self, view: MeshView, each: Frame, node_id: NodeId) -> str | None:
        execution_id = ExecutionId(each.subject)
        if view.node(node_id) is None:
            return None
        if each.event_type is EventType.ACTION_CANCELLED:
            return wire_json({"node_id": str(node_id), "execution_id": str(execution_id)})
        told = self.pending.request(view.domain_id, node_id, execution_id)
        return told and f'{{"node_id":"{node_id}",{told}'


def _removed(peer: NodeId, node_id: NodeId, reason: str) -> str | None:
    if peer == node_id:
        return None
    gone = str(peer)
    return wire_json({"node_id": str(node_id), "id": gone, "peer_id": gone, "reason": reason})


def _state(view: MeshView, subject: NodeId, node_id: NodeId) -> str | None:
    node = view.node(node_id) if subject == node_id else None
    if node is None:
        return None
    return wire_json({"node_id": str(node_id), "metadata": dict(node.metadata), "data": []})
