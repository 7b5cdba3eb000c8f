"""A change of who sees whom becomes rows that tell each node exactly its part (design D14, D19)."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.domain.sight_change import PeerChange, SightChange, rows_of, rules_rows
from plexsphere.platform.kernel.events import Announcement, EventType, SubjectKind
from plexsphere.platform.kernel.ids import NodeId
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN

NODES = [node_id(number) for number in range(1, 7)]
Told = dict[tuple[NodeId, EventType], set[NodeId]]


@st.composite
def changes(draw: st.DrawFn) -> tuple[PeerChange, ...]:
    """Return pairs that are gained or lost, each known at both of its ends."""
    pairs = [(a, b) for place, a in enumerate(NODES) for b in NODES[place + 1 :]]
    gained = draw(st.sets(st.sampled_from(pairs)))
    lost = draw(st.sets(st.sampled_from(pairs))) - gained
    return tuple(
        PeerChange(node, _partners(gained, node), _partners(lost, node))
        for node in NODES
        if _partners(gained | lost, node)
    )


def _partners(pairs: set[tuple[NodeId, NodeId]], node: NodeId) -> frozenset[NodeId]:
    return frozenset(a if b == node else b for a, b in pairs if node in (a, b))


def _told(rows: list[Announcement]) -> Told:
    told: Told = defaultdict(set)
    for row in rows:
        for recipient in row.recipients or ():
            for frame in row.frames:
                if frame.subject != recipient:
                    told[recipient, frame.event_type].add(NodeId(frame.subject))
    return told


@given(each=changes())
def test_every_node_is_told_what_it_gains_and_loses_and_nothing_else(each: tuple[PeerChange, ...]) -> None:
    rows = rows_of(DOMAIN, SubjectKind.POLICY, NODES[0], SightChange(each, frozenset()))

    told = _told(rows)
    for change in each:
        assert told.pop((change.node_id, EventType.PEER_ADDED), set()) == change.gained
        assert told.pop((change.node_id, EventType.PEER_REMOVED), set()) == change.lost
    assert not told


@given(each=changes())
def test_no_peer_is_named_twice_to_one_node(each: tuple[PeerChange, ...]) -> None:
    rows = rows_of(DOMAIN, SubjectKind.POLICY, NODES[0], SightChange(each, frozenset()))

    named = [(to, frame) for row in rows for to in row.recipients or () for frame in row.frames]
    assert len(named) == len(set(named))


def test_who_has_too_many_changed_pairs_is_asked_to_reconcile_instead() -> None:
    short = PeerChange(NODES[0], frozenset(NODES[1:2]), frozenset())
    too_long = PeerChange(NODES[1], frozenset(), frozenset(), is_too_long=True)

    rows = rows_of(DOMAIN, SubjectKind.NODE, NODES[0], SightChange((short, too_long), frozenset(NODES[:2])))

    assert {node for row in rows for node in row.reconcile} == {NODES[1]}
    assert set(_told(rows)) == {
        (NODES[0], EventType.PEER_ADDED),
        (NODES[1], EventType.POLICY_UPDATED),
    }


def test_rules_that_name_a_node_unseen_are_told_anew() -> None:
    [row] = rules_rows(DOMAIN, NODES[0], frozenset(NODES[1:3]))

    assert row.recipients == (NODES[1], NODES[2])
    assert [frame.event_type for frame in row.frames] == [EventType.POLICY_UPDATED]
    assert rules_rows(DOMAIN, NODES[0], frozenset()) == []
