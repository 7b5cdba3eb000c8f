"""The tail answers as a plain list of rows would."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform.events.rows import Row
from plexsphere.platform.events.tail import Tail
from plexsphere.platform.kernel.events import SubjectKind
from plexsphere.platform.kernel.ids import NodeId

NODES = [NodeId(UUID(int=number)) for number in range(1, 6)]
SETS = st.frozensets(st.sampled_from(NODES))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def row(
    offset: int,
    subject: UUID,
    recipients: frozenset[NodeId] | None = frozenset(),
    reconcile: frozenset[NodeId] = frozenset(),
) -> Row:
    return Row(offset, SubjectKind.NODE, subject, (), recipients, reconcile, "", LONG_AGO)


def kept(rows: list[Row], capacity: int, names: int) -> list[Row]:
    """The longest end of the rows within both bounds."""
    for start in range(len(rows) + 1):
        rest = rows[start:]
        if len(rest) <= capacity and sum(len(r.recipients or ()) + len(r.reconcile) for r in rest) <= names:
            return rest
    raise AssertionError


def concerns(each: Row, node: NodeId, subjects: frozenset[NodeId]) -> bool:
    named = (each.recipients or frozenset()) | each.reconcile
    return node in named or (each.recipients is None and each.subject in subjects)


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.sampled_from(NODES), st.none() | SETS, SETS), max_size=30),
    st.integers(1, 12),
    st.integers(0, 25),
    st.sampled_from(NODES),
    SETS,
    st.integers(-2, 32),
)
def test_the_tail_finds_what_a_list_of_the_newest_rows_holds(
    start: int,
    drawn: list[tuple[NodeId, frozenset[NodeId] | None, frozenset[NodeId]]],
    capacity: int,
    names: int,
    node: NodeId,
    subjects: frozenset[NodeId],
    behind: int,
) -> None:
    tail = Tail(start, capacity, names)
    rows = [row(start + place, *each) for place, each in enumerate(drawn, start=1)]
    for each in rows:
        tail.append(each)
    model = kept(rows, capacity, names)

    after = start + behind

    assert tail.last == start + len(rows)
    assert tail.first == (model[0].offset if model else tail.last + 1)
    assert [tail.row(offset) for offset in range(tail.first, tail.last + 1)] == model
    assert tail.row(tail.first - 1) is tail.row(tail.last + 1) is None
    assert tail.addressed(node, subjects, after) == [
        each.offset for each in model if each.offset > after and concerns(each, node, subjects)
    ]


@pytest.mark.parametrize("offset", [5, 6, 8])
def test_a_row_that_does_not_follow_is_refused(offset: int) -> None:
    tail = Tail(6)

    with pytest.raises(ValueError, match="does not follow"):
        tail.append(row(offset, NODES[0]))
