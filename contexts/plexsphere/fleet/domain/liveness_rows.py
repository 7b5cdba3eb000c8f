"""From moves of reachability to rows of the log (design D14, D19, D27)."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Final

from plexsphere.fleet.domain.liveness import Move
from plexsphere.fleet.domain.sight_change import MOST_EVENTS
from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId

PeersOf = Callable[[NodeId], Collection[NodeId]]

OFFLINE: Final = "offline"
# So many nodes' peers are sorted in about 2 ms, where each has a thousand.
AT_ONCE: Final = 8


def liveness_rows(domain_id: DomainId, moves: Sequence[Move]) -> list[Announcement]:
    """
    Return the rows of at most 64 moves: each goes to whoever sees the node when the row is delivered.

    Nobody's peers change by a move, so those who see the node then are those who must know.
    """
    return [_row(domain_id, move) for move in moves]


async def mass_liveness_rows(
    domain_id: DomainId, moves: Sequence[Move], peers_of: PeersOf
) -> list[Announcement]:
    """
    Return the rows of many moves; `peers_of` is exact until they commit.

    Who would be told of more than 64 is asked to reconcile instead (design D14), the others are named.
    """
    if not moves:
        return []
    told = {move.node_id: Frame(move.event, move.node_id) for move in moves if move.event}
    concerned = await _concerned(told, peers_of)
    too_many = tuple(sorted(node for node, peers in concerned.items() if len(peers) > MOST_EVENTS))
    groups: dict[frozenset[NodeId], list[NodeId]] = defaultdict(list)
    for node, peers in concerned.items():
        if len(peers) <= MOST_EVENTS:
            groups[frozenset(peers | ({node} & told.keys()))].append(node)
    rows = [_named(domain_id, [told[each] for each in sorted(group)], to) for group, to in groups.items()]
    return [_read_again(domain_id, moves, too_many), *rows]


async def _concerned(told: Collection[NodeId], peers_of: PeersOf) -> dict[NodeId, set[NodeId]]:
    concerned: dict[NodeId, set[NodeId]] = defaultdict(set)
    for place, node_id in enumerate(told, start=1):
        for peer in peers_of(node_id):
            concerned[peer].add(node_id)
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)
    return concerned


def _row(domain_id: DomainId, move: Move) -> Announcement:
    if move.event is None:
        return Announcement(domain_id, SubjectKind.NODE, move.node_id)
    frames = (Frame(move.event, move.node_id),)
    reason = OFFLINE if move.event is EventType.PEER_REMOVED else ""
    return Announcement(domain_id, SubjectKind.NODE, move.node_id, frames, recipients=None, reason=reason)


def _named(domain_id: DomainId, frames: Sequence[Frame], to: Sequence[NodeId]) -> Announcement:
    # A node of a set that moves as a whole is one of the row's subjects too; nobody is ever sent a frame about itself.
    subject, recipients = frames[0].subject, tuple(sorted(to))
    return Announcement(domain_id, SubjectKind.NODE, subject, tuple(frames), recipients, reason=OFFLINE)


def _read_again(domain_id: DomainId, moves: Sequence[Move], reconcile: tuple[NodeId, ...]) -> Announcement:
    # Frames without recipients: nobody hears them, and every follower reads what they are about.
    frames = tuple(Frame(EventType.PEER_ENDPOINT_CHANGED, move.node_id) for move in moves)
    subject = moves[0].node_id
    return Announcement(domain_id, SubjectKind.NODE, subject, frames, reconcile=reconcile)
