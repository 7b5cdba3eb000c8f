"""What a mutation tells the mesh: rows of the event log (design D17 to D20)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, NodeId


class EventType(StrEnum):
    """
    The event types of plexd.md that the control plane sends today.

    `action_cancelled` is ours: an agent that does not know it goes on, and its result is kept as a note.
    """

    PEER_ADDED = "peer_added"
    PEER_REMOVED = "peer_removed"
    PEER_KEY_ROTATED = "peer_key_rotated"
    PEER_ENDPOINT_CHANGED = "peer_endpoint_changed"
    POLICY_UPDATED = "policy_updated"
    NODE_STATE_UPDATED = "node_state_updated"
    ACTION_REQUEST = "action_request"
    ACTION_CANCELLED = "action_cancelled"


class SubjectKind(StrEnum):
    """
    What kind of thing a row is about, so that a follower knows what to read again.

    Of a row about an execution the recipients are the nodes whose offers may be others now; a row about offers has the
    one node as its subject.
    """

    NODE = "node"
    POLICY = "policy"
    DOMAIN = "domain"
    EXECUTION = "execution"
    OFFERS = "offers"


@dataclass(frozen=True, slots=True)
class Frame:
    """One (event type, subject) of a row; its place in the row numbers it for every recipient (design D20)."""

    event_type: EventType
    subject: UUID


@dataclass(frozen=True, slots=True)
class Announcement:
    """
    One row of a Domain's event log, before it has an offset.

    `recipients` None means: whoever may see the subject when the row is delivered. Removals, policy changes and
    label changes name their recipients (design D19). A row without frames only tells followers what to read again.
    `reconcile` are recipients with more changed pairs than events are sent for (design D14): they are asked to pull
    their state instead.
    """

    domain_id: DomainId
    kind: SubjectKind
    subject: UUID
    frames: tuple[Frame, ...] = ()
    recipients: tuple[NodeId, ...] | None = ()
    reconcile: tuple[NodeId, ...] = ()
    reason: str = ""


class Announcements(Protocol):
    """Where a use case leaves what must be told."""

    def announce(self, rows: Iterable[Announcement]) -> None:
        """
        Keep the rows for the open unit of work: they are stored with its commit, in this order, or never.

        Raises:
            RuntimeError: no unit of work is open in this task.
        """
        ...
