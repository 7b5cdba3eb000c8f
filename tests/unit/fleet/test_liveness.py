"""What becomes of a silent node, and of a Domain that loses many at once (D26, D27)."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.domain.disruption import Census
from plexsphere.fleet.domain.liveness import GRACE_MS, Move, Patience, Standing
from plexsphere.fleet.domain.liveness_rows import OFFLINE, liveness_rows, mass_liveness_rows
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.domain.node import Node, Reachability
from plexsphere.fleet.domain.pair_key import PairKeys
from plexsphere.fleet.domain.sight_change import MOST_EVENTS
from plexsphere.platform.kernel.events import Announcement, EventType, Frame
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, a_node

PATIENCE = Patience.of_seconds(30, 90, 300)
NODE = a_node(1).id
NEVER, HEALTHY = Reachability.NEVER_REPORTED, Reachability.HEALTHY
STALE, UNREACHABLE = Reachability.STALE, Reachability.UNREACHABLE


def standing(reachability: Reachability, seconds: float, *, withheld: bool = False) -> Standing:
    silent = int(seconds * 1000)
    return Standing(NODE, reachability, withheld, silent, silent)


@pytest.mark.parametrize(
    ("missed", "reachability", "expected"),
    [
        (2, HEALTHY, None),
        (3, HEALTHY, STALE),
        (9, STALE, None),
        (10, STALE, UNREACHABLE),
        (10, UNREACHABLE, None),
        (100, HEALTHY, STALE),
    ],
)
def test_three_missed_heartbeats_make_a_node_stale_and_ten_unreachable(
    missed: int, reachability: Reachability, expected: Reachability | None
) -> None:
    """H26: exactly 2, 3, 9 and 10 misses, with a grace for a heartbeat that is on its way."""
    grace = GRACE_MS / 1000

    due = standing(reachability, missed * 30 + grace).move(PATIENCE, is_guarded=False)
    early = standing(reachability, missed * 30).move(PATIENCE, is_guarded=False)

    assert (due.now if due else None) == expected
    assert early is None or missed == 100


@given(st.sampled_from([STALE, UNREACHABLE]), st.booleans(), st.booleans(), st.integers(0, 400_000))
def test_only_a_heartbeat_brings_a_node_back(
    reachability: Reachability, withheld: bool, is_guarded: bool, heard_ago: int
) -> None:
    """H25: that ages began anew says nothing of a node that was silent before."""
    withheld = withheld and reachability is UNREACHABLE
    move = Standing(NODE, reachability, withheld, heard_ago, age=0).move(PATIENCE, is_guarded=is_guarded)

    is_back = move is not None and move.now is HEALTHY
    assert is_back == (heard_ago < PATIENCE.stale_after)


def test_in_a_guarded_domain_a_node_is_withheld_until_the_guard_lets_pass() -> None:
    withheld = standing(STALE, 302).move(PATIENCE, is_guarded=True)
    kept = standing(UNREACHABLE, 400, withheld=True).move(PATIENCE, is_guarded=True)
    passed = standing(UNREACHABLE, 400, withheld=True).move(PATIENCE, is_guarded=False)

    assert withheld == Move(NODE, STALE, False, UNREACHABLE, is_withheld=True)
    assert kept is None
    assert passed == Move(NODE, UNREACHABLE, True, UNREACHABLE)


@pytest.mark.parametrize(
    ("move", "event"),
    [
        (Move(NODE, HEALTHY, False, STALE), EventType.PEER_ENDPOINT_CHANGED),
        (Move(NODE, STALE, False, HEALTHY), EventType.PEER_ENDPOINT_CHANGED),
        (Move(NODE, STALE, False, UNREACHABLE), EventType.PEER_REMOVED),
        (Move(NODE, STALE, False, UNREACHABLE, True), None),
        (Move(NODE, UNREACHABLE, True, UNREACHABLE), EventType.PEER_REMOVED),
        (Move(NODE, UNREACHABLE, True, HEALTHY), EventType.PEER_ENDPOINT_CHANGED),
        (Move(NODE, UNREACHABLE, False, HEALTHY), EventType.PEER_ADDED),
    ],
)
def test_what_peers_are_told_follows_from_what_they_know(move: Move, event: EventType | None) -> None:
    assert move.event == event


@pytest.mark.parametrize(
    ("census", "is_guarded"),
    [
        (Census(20, 9, 0), False),
        (Census(20, 10, 0), True),
        (Census(100, 30, 0), False),
        (Census(100, 31, 0), True),
        (Census(100, 1, 1), True),
        (Census(100, 31, 1, is_let_pass=True), False),
        (Census(0, 0, 0), False),
    ],
)
def test_the_guard_holds_for_more_than_thirty_percent_and_ten_nodes(census: Census, is_guarded: bool) -> None:
    assert census.is_guarded == is_guarded


def view_of(*nodes: Node) -> MeshView:
    view = MeshView(DOMAIN, PairKeys(1, Secret(bytes(32))), 1)
    for node in nodes:
        view.put(node)
    return view


@pytest.mark.parametrize(
    ("reachability", "withheld", "told"),
    [
        (NEVER, False, '"liveness":"reachable"'),
        (HEALTHY, False, '"liveness":"reachable"'),
        (STALE, False, '"liveness":"unreachable"'),
        (UNREACHABLE, True, '"liveness":"unreachable"'),
        (UNREACHABLE, False, None),
    ],
)
def test_a_peer_that_is_offline_is_told_to_nobody_and_weighs_nothing(
    reachability: Reachability, withheld: bool, told: str | None
) -> None:
    one, other = a_node(1), a_node(2, reachability=reachability, is_withheld=withheld)
    view = view_of(one)
    weight = view.put(other)

    peer = view.peer(one.id, other.id)
    assert (told in peer) if told and peer else peer is None
    assert (view.peers(one, [other.id]) == "[]") == (told is None)
    assert (weight == 0) == (told is None)
    assert view.peer(other.id, one.id) is not None


def test_few_moves_are_told_to_whoever_sees_the_node_when_they_are_delivered() -> None:
    gone, silent = Move(a_node(1).id, STALE, False, UNREACHABLE), Move(a_node(2).id, HEALTHY, False, STALE)
    kept = Move(a_node(3).id, STALE, False, UNREACHABLE, True)

    rows = liveness_rows(DOMAIN, [gone, silent, kept])

    assert [(row.subject, row.recipients, row.reason) for row in rows] == [
        (gone.node_id, None, OFFLINE),
        (silent.node_id, None, ""),
        (kept.node_id, (), ""),
    ]
    assert rows[2].frames == ()


def told_by(rows: Sequence[Announcement], viewer: NodeId) -> list[Frame]:
    rows = [row for row in rows if viewer in (row.recipients or ())]
    return [frame for row in rows for frame in row.frames if frame.subject != viewer]


@given(
    st.dictionaries(st.integers(1, 30), st.sampled_from([STALE, UNREACHABLE, HEALTHY]), max_size=30),
    st.lists(st.sets(st.integers(1, 40), min_size=2), max_size=4),
)
async def test_of_many_moves_each_is_told_of_exactly_those_it_sees(
    moved: dict[int, Reachability], sets: list[set[int]]
) -> None:
    seen = {n: {o for each in sets if n in each for o in each} - {n} for n in range(1, 41)}
    before = {STALE: HEALTHY, UNREACHABLE: STALE, HEALTHY: UNREACHABLE}
    moves = [Move(a_node(n).id, before[now], False, now) for n, now in moved.items()]

    rows = await mass_liveness_rows(
        DOMAIN, moves, lambda node_id: [a_node(peer).id for peer in seen[node_id.int]]
    )

    for number, peers in seen.items():
        expected = {
            Frame(move.event, move.node_id) for move in moves if move.event and move.node_id.int in peers
        }
        told = told_by(rows, a_node(number).id)
        assert (set(told), len(told)) == (expected, len(expected))
    assert {frame.subject for row in rows for frame in row.frames} == {move.node_id for move in moves}


async def test_who_would_be_told_of_more_than_64_is_asked_to_reconcile() -> None:
    """D14."""
    silent = [a_node(number).id for number in range(1, MOST_EVENTS + 2)]
    witness, far = a_node(900).id, a_node(901).id
    moves = [Move(node_id, HEALTHY, False, STALE) for node_id in silent]
    seen = {node_id: [witness] for node_id in silent} | {silent[0]: [witness, far]}

    first, *rows = await mass_liveness_rows(DOMAIN, moves, lambda node_id: seen[node_id])

    assert (first.recipients, first.reconcile) == ((), (witness,))
    assert [frame.subject for frame in first.frames] == silent
    assert [(row.recipients, row.frames) for row in rows] == [
        ((far,), (Frame(EventType.PEER_ENDPOINT_CHANGED, silent[0]),))
    ]


async def test_many_withheld_nodes_are_read_again_everywhere_and_told_to_nobody() -> None:
    moves = [Move(a_node(number).id, STALE, False, UNREACHABLE, True) for number in range(1, 100)]

    [row] = await mass_liveness_rows(DOMAIN, moves, lambda node_id: [a_node(900).id])

    assert (len(row.frames), row.recipients, row.reconcile) == (99, (), ())
