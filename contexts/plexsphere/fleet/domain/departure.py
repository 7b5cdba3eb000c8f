"""From the departure of a node to rows of the log: the node goes, the pairs it could have known become fresh (D14)."""

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Final

from plexsphere.fleet.domain.sight_change import MOST_EVENTS
from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId

PeersOf = Callable[[NodeId], Collection[NodeId]]


def departure_rows(
    domain_id: DomainId, gone: NodeId, former: frozenset[NodeId], peers_of: PeersOf, reason: str
) -> list[Announcement]:
    """
    Return the rows that take `gone` away from its former peers and then tell every changed pair.

    `peers_of` answers as before the departure. The epochs of all former peers have moved: each of them has a fresh
    key with every peer it keeps, and those peers with it.
    """
    removed = Announcement(
        domain_id,
        SubjectKind.NODE,
        gone,
        (Frame(EventType.PEER_REMOVED, gone), Frame(EventType.POLICY_UPDATED, gone)),
        tuple(sorted(former)),
        reason=reason,
    )
    return [removed, *_fresh(domain_id, gone, _changed_pairs(gone, former, peers_of))]


def _changed_pairs(gone: NodeId, former: frozenset[NodeId], peers_of: PeersOf) -> dict[NodeId, set[NodeId]]:
    changed: dict[NodeId, set[NodeId]] = defaultdict(set)
    for node in former:
        kept = set(peers_of(node)) - {gone}
        changed[node] |= kept
        for outsider in kept - former:
            changed[outsider].add(node)
    return changed


def _fresh(domain_id: DomainId, gone: NodeId, changed: dict[NodeId, set[NodeId]]) -> list[Announcement]:
    too_many = tuple(sorted(node for node, peers in changed.items() if len(peers) > MOST_EVENTS))
    groups: Final[dict[frozenset[NodeId], list[NodeId]]] = defaultdict(list)
    for node, peers in changed.items():
        if 0 < len(peers) <= MOST_EVENTS:
            groups[frozenset(peers | {node})].append(node)
    rows = [_rotated(domain_id, gone, subjects, nodes) for subjects, nodes in groups.items()]
    asked = Announcement(domain_id, SubjectKind.NODE, gone, reconcile=too_many)
    return [*rows, asked] if too_many else rows


def _rotated(
    domain_id: DomainId, gone: NodeId, subjects: frozenset[NodeId], recipients: list[NodeId]
) -> Announcement:
    frames = tuple(Frame(EventType.PEER_KEY_ROTATED, subject) for subject in sorted(subjects))
    return Announcement(domain_id, SubjectKind.NODE, gone, frames, tuple(sorted(recipients)))
