"""Rows of the log as a process reads them that does not know everything a newer one writes."""

from datetime import UTC, datetime
from typing import Any, Final

from plexsphere.platform.events.rows import as_json, row_of
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId

SUBJECT, ABOUT, NODE = mint_id(), mint_id(), NodeId(mint_id())
WRITTEN: Final = datetime(2026, 1, 15, tzinfo=UTC)


def columns(kind: str, *event_types: str) -> list[Any]:
    """Return the columns of one row to one node."""
    return [7, kind, SUBJECT, [NODE], [[each, str(ABOUT)] for each in event_types], [], "", WRITTEN]


def test_a_row_is_read_as_it_was_announced() -> None:
    frames = tuple(Frame(each, ABOUT) for each in EventType)
    announced = as_json(1, Announcement(DomainId(mint_id()), SubjectKind.EXECUTION, SUBJECT, frames, (NODE,)))

    row = row_of(columns(announced["kind"], *[event_type for event_type, _ in announced["frames"]]))

    assert (row.kind, row.frames, row.recipients) == (SubjectKind.EXECUTION, frames, frozenset([NODE]))


def test_a_kind_of_a_newer_process_keeps_its_place_and_is_no_kind() -> None:
    row = row_of(columns("tunnel", "peer_added"))

    assert (row.offset, row.kind) == (7, None)
    assert row.frames == (Frame(EventType.PEER_ADDED, ABOUT),)


def test_an_event_type_of_a_newer_process_leaves_a_hole_so_that_the_next_keeps_its_number() -> None:
    row = row_of(columns("node", "peer_added", "tunnel_opened", "peer_removed"))

    assert row.frames == (Frame(EventType.PEER_ADDED, ABOUT), None, Frame(EventType.PEER_REMOVED, ABOUT))
