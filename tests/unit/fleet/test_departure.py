"""A departure tells everybody whom it concerns exactly what changed (design D14, D19)."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.domain.departure import departure_rows
from plexsphere.fleet.domain.sight_change import MOST_EVENTS
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.ids import DomainId, NodeId

DOMAIN = DomainId(UUID(int=99))

Mesh = dict[NodeId, frozenset[NodeId]]


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    nodes = [NodeId(UUID(int=number)) for number in range(1, draw(st.integers(2, 9)) + 1)]
    pairs = [(a, b) for place, a in enumerate(nodes) for b in nodes[place + 1 :]]
    chosen = draw(st.sets(st.sampled_from(pairs)))
    return {node: frozenset({a if b == node else b for a, b in chosen if node in (a, b)}) for node in nodes}


@given(mesh=meshes())
def test_each_node_hears_of_exactly_the_pairs_that_became_fresh(mesh: Mesh) -> None:
    gone = next(iter(mesh))
    former = mesh[gone]

    rows = departure_rows(DOMAIN, gone, former, lambda node: mesh[node], "removed")

    for node in mesh.keys() - {gone}:
        told = {
            frame.subject
            for row in rows
            if row.recipients and node in row.recipients
            for frame in row.frames
            if frame.event_type is EventType.PEER_KEY_ROTATED and frame.subject != node
        }
        kept = mesh[node] - {gone}
        assert told == (kept if node in former else kept & former)


@given(mesh=meshes())
def test_former_peers_lose_the_node_before_anything_else(mesh: Mesh) -> None:
    gone = next(iter(mesh))

    first, *rest = departure_rows(DOMAIN, gone, mesh[gone], lambda node: mesh[node], "removed")

    assert first.recipients == tuple(sorted(mesh[gone]))
    assert first.frames[0].event_type is EventType.PEER_REMOVED
    assert first.reason == "removed"
    assert all(frame.event_type is EventType.PEER_KEY_ROTATED for row in rest for frame in row.frames)
    assert all(gone not in (row.recipients or ()) for row in [first, *rest])


def test_a_node_with_too_many_changed_pairs_is_asked_to_reconcile_instead() -> None:
    nodes = [NodeId(UUID(int=number)) for number in range(1, MOST_EVENTS + 4)]
    gone, *others = nodes

    rows = departure_rows(DOMAIN, gone, frozenset(others), lambda node: frozenset(nodes) - {node}, "removed")

    assert [row.frames[0].event_type for row in rows if row.frames] == [EventType.PEER_REMOVED]
    assert rows[-1].reconcile == tuple(sorted(others))
