"""Rows of the log as they are read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import NodeId

_KINDS: Final = {each.value: each for each in SubjectKind}
_EVENT_TYPES: Final = {each.value: each for each in EventType}


@dataclass(frozen=True, slots=True)
class Row:
    """
    One sequenced row; `offset` is dense within its Domain, from 1.

    While a deployment is upgraded a newer process may write what this one does not know: a kind that is None asks
    nothing of it, and a frame that is None leaves a hole, so that those behind it keep their places (design D20).
    """

    offset: int
    kind: SubjectKind | None
    subject: UUID
    frames: tuple[Frame | None, ...]
    recipients: frozenset[NodeId] | None
    reconcile: frozenset[NodeId]
    reason: str
    recorded_at: datetime

    @property
    def names(self) -> int:
        """How many nodes the row names: what it costs to keep, beside its frames."""
        return len(self.recipients or ()) + len(self.reconcile)


def as_json(position: int, row: Announcement) -> dict[str, Any]:
    """Return an announcement as one element of the array that the inbox statement reads."""
    return {
        "position": position,
        "domain_id": str(row.domain_id),
        "kind": row.kind.value,
        "subject": str(row.subject),
        "recipients": None if row.recipients is None else [str(each) for each in row.recipients],
        "frames": [[frame.event_type.value, str(frame.subject)] for frame in row.frames],
        "reconcile": [str(each) for each in row.reconcile],
        "reason": row.reason,
    }


def row_of(columns: Sequence[Any]) -> Row:
    """Return the row that a SELECT of `COLUMNS` yielded."""
    offset, kind, subject, recipients, frames, reconcile, reason, recorded_at = columns
    return Row(
        offset,
        _KINDS.get(kind),
        subject,
        tuple(_frame(event_type, about) for event_type, about in frames),
        None if recipients is None else frozenset(recipients),
        frozenset(reconcile),
        reason,
        recorded_at,
    )


def _frame(event_type: str, about: str) -> Frame | None:
    known = _EVENT_TYPES.get(event_type)
    return None if known is None else Frame(known, UUID(about))
