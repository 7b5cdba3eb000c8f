"""What this process knows of one Domain's mesh, ready to be told (design D13, D22, D25)."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.node_state import Enforcement, Tagged
from plexsphere.fleet.domain.pair_key import Holder, PairKeys
from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class Seen:
    """A live node, with what never changes between two versions of it computed once."""

    node: Node
    holder: Holder
    about: str
    weight: int


class MeshView:
    """
    The live nodes of a Domain and the keys of their pairs.

    It holds secrets: nothing of it is printed. `revision` is the mesh revision up to which every change of who is
    in the mesh is known here; single nodes may be known newer.
    """

    def __init__(self, domain_id: DomainId, keys: PairKeys, revision: int, log_denied: bool = True) -> None:
        self.domain_id: Final = domain_id
        self.keys: Final = keys
        self.revision = revision
        self.enforcement = Enforcement(log_denied)
        self._seen: Final[dict[NodeId, Seen]] = {}
        self._tagged: Final[dict[NodeId, Tagged]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def put(self, node: Node) -> int | None:
        """Know a node, unless a newer version of it is known; return its weight when it was taken over."""
        known = self._seen.get(node.id)
        if known is not None and known.node.version > node.version:
            return None
        seen = seen_of(node)
        self._seen[node.id] = seen
        return seen.weight

    def remove(self, node_id: NodeId) -> None:
        """Forget a node that left."""
        self._seen.pop(node_id, None)
        self._tagged.pop(node_id, None)

    def note_denied(self, log_denied: bool) -> None:
        """Know whether the nodes note what they refuse; the tags of their states follow from it."""
        if log_denied != self.enforcement.log_denied:
            self.enforcement = Enforcement(log_denied)
            self._tagged.clear()

    def node(self, node_id: NodeId) -> Node | None:
        """Return a live node."""
        seen = self._seen.get(node_id)
        return seen.node if seen else None

    def tagged(self, node_id: NodeId) -> Tagged | None:
        """Return the tag that was last kept for a live node."""
        return self._tagged.get(node_id)

    def keep(self, tagged: Tagged) -> None:
        """Keep a live node's tag until it leaves: most nodes ask again and again for a state that did not change."""
        self._tagged[tagged.node.id] = tagged

    def nodes(self) -> Iterable[Node]:
        """Return every live node."""
        return [seen.node for seen in self._seen.values()]

    def peer(self, viewer: NodeId, peer: NodeId) -> str | None:
        """
        Return the Peer that `viewer` is told, as JSON without its opening brace.

        None when either left, or the peer is offline: nobody is told of it until it is back (design D27).
        """
        one, other = self._seen.get(viewer), self._told_of(peer)
        return self._told(one, other) if one and other else None

    def peers(self, viewer: Node, peers: Iterable[NodeId]) -> str:
        """Return the JSON array of the Peers that `viewer` is told; it need not be in the mesh yet."""
        one = seen_of(viewer)
        # Ids are compared in Python, numbers are not: of a thousand peers that is a tenth of their state.
        others = [other for other in map(self._told_of, sorted(peers, key=_number)) if other]
        return f"[{','.join(['{' + self._told(one, other) for other in others])}]"

    def _told_of(self, peer: NodeId) -> Seen | None:
        seen = self._seen.get(peer)
        return None if seen is None or seen.node.is_taken_away else seen

    def _told(self, one: Seen, other: Seen) -> str:
        pair = self.keys.of(one.holder, other.holder)
        return f'{other.about},"psk":"{pair.key}","psk_epoch":"{pair.epoch}"}}'


def _number(node_id: NodeId) -> int:
    return node_id.int


def seen_of(node: Node) -> Seen:
    """Return the node with what it is told as; what nobody is told has no weight."""
    digest = blake2b(node.id.bytes + node.version.to_bytes(8, "big"), digest_size=16).digest()
    weight = 0 if node.is_taken_away else int.from_bytes(digest, "big")
    return Seen(node, Holder(node.id, node.psk_epoch), _about(node), weight)


def _about(node: Node) -> str:
    identity = str(node.id)
    document = {
        "id": identity,
        "peer_id": identity,
        "public_key": str(node.public_key),
        "mesh_ip": str(node.mesh_ip),
        "endpoint": node.endpoint,
        "allowed_ips": [f"{node.mesh_ip}/32"],
        "liveness": "unreachable" if node.is_silent else "reachable",
    }
    return wire_json(document)[1:-1]
