"""From a change of who sees whom to rows of the log (design D14, D19)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId

# A recipient with more changed pairs is asked to pull its state instead (design D14).
MOST_EVENTS: Final = 64


@dataclass(frozen=True, slots=True)
class PeerChange:
    """What one node gains and loses sight of; both are empty when it is too much to tell piece by piece."""

    node_id: NodeId
    gained: frozenset[NodeId]
    lost: frozenset[NodeId]
    is_too_long: bool = False


@dataclass(frozen=True, slots=True)
class SightChange:
    """The nodes that gain or lose peers, and those whose compiled rules change; counts for the guard of D34."""

    changes: tuple[PeerChange, ...]
    recompiled: frozenset[NodeId]
    pairs_before: int = 0
    pairs_lost: int = 0

    @property
    def needs_confirmation(self) -> bool:
        """Tell whether more than half of the visible pairs, and at least 100, would vanish (design D34)."""
        return self.pairs_lost >= 100 and self.pairs_lost * 2 > self.pairs_before


def rows_of(domain_id: DomainId, kind: SubjectKind, subject: UUID, change: SightChange) -> list[Announcement]:
    """Return the rows that tell exactly the nodes which the change affects, rules before peers."""
    too_long = tuple(sorted(each.node_id for each in change.changes if each.is_too_long))
    recompiled = Announcement(
        domain_id,
        kind,
        subject,
        (Frame(EventType.POLICY_UPDATED, subject),) if change.recompiled else (),
        tuple(sorted(change.recompiled)),
        reconcile=too_long,
    )
    told = [each for each in change.changes if not each.is_too_long]
    return [recompiled, *(_row(domain_id, kind, subject, frames, to) for frames, to in _grouped(told))]


def rules_rows(domain_id: DomainId, node_id: NodeId, recompiled: frozenset[NodeId]) -> list[Announcement]:
    """
    Return the row for those whose rules name a node that comes or goes, though they never see it.

    A rule that denies all traffic between two nodes hides them from each other and stands in the rules of both.
    """
    frames = (Frame(EventType.POLICY_UPDATED, node_id),)
    told = tuple(sorted(recompiled))
    return [Announcement(domain_id, SubjectKind.NODE, node_id, frames, told)] if told else []


def _row(
    domain_id: DomainId, kind: SubjectKind, subject: UUID, frames: tuple[Frame, ...], to: list[NodeId]
) -> Announcement:
    return Announcement(domain_id, kind, subject, frames, tuple(sorted(to)), reason="policy")


def _grouped(changes: Iterable[PeerChange]) -> list[tuple[tuple[Frame, ...], list[NodeId]]]:
    # Nodes that gain the same peers share a row. A node of a set that gains sight of itself as a whole is one of
    # the row's subjects too; nobody is ever sent a frame about itself.
    groups: dict[tuple[frozenset[NodeId], frozenset[NodeId]], list[NodeId]] = defaultdict(list)
    for each in changes:
        own = frozenset([each.node_id])
        groups[_with(each.gained, own), _with(each.lost, own)].append(each.node_id)
    merged: dict[tuple[Frame, ...], list[NodeId]] = defaultdict(list)
    for (gained, lost), nodes in groups.items():
        alone = frozenset(nodes) if len(nodes) == 1 else frozenset()
        merged[_frames(gained - alone, lost - alone)] += nodes
    return list(merged.items())


def _with(peers: frozenset[NodeId], own: frozenset[NodeId]) -> frozenset[NodeId]:
    return peers | own if peers else peers


def _frames(gained: frozenset[NodeId], lost: frozenset[NodeId]) -> tuple[Frame, ...]:
    removed = [Frame(EventType.PEER_REMOVED, peer) for peer in sorted(lost)]
    return (*removed, *(Frame(EventType.PEER_ADDED, peer) for peer in sorted(gained)))
