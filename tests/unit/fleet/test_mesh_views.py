"""Views move forward only, whichever read of the database arrives first."""

from dataclasses import replace
from itertools import permutations

from plexsphere.fleet.application.mesh_views import AT_ONCE, MeshViews
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.domain.node_state import SigningKeys, Tagged
from plexsphere.fleet.domain.pair_key import Holder, PairKeys
from plexsphere.fleet.ports.meshes import MeshRecord
from plexsphere.platform.kernel.secret import Secret
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN, a_node
from tests.support.fleet_sight import GroupSight, grouped
from tests.support.identity import EPOCH

MESH = MeshRecord(PairKeys(1, Secret(b"k" * 32)), 1)
ONE, TWO = grouped([a_node(1), a_node(2)], "g")


def begun() -> tuple[MeshViews, MeshView, GroupSight]:
    sight = GroupSight()
    views = MeshViews(sight)
    list(views.begin(DOMAIN, MESH, [ONE, TWO]))
    view = views.loaded(DOMAIN)
    assert view is not None
    return views, view, sight


def test_a_large_domain_is_taken_over_in_steps_and_known_with_the_last_of_them() -> None:
    """Design section 5: ten thousand nodes at once would keep every heartbeat waiting for a second."""
    views = MeshViews(GroupSight())
    steps = views.begin(DOMAIN, MESH, [a_node(number) for number in range(1, 2 * AT_ONCE + 2)])

    for _ in range(2):
        next(steps)
        assert views.loaded(DOMAIN) is None
    assert list(steps) == []
    view = views.loaded(DOMAIN)
    assert view is not None
    assert len(view) == 2 * AT_ONCE + 1


def test_tags_are_forgotten_when_nodes_shall_note_otherwise_and_only_then() -> None:
    views, view, _ = begun()
    kept = Tagged(ONE, object(), object(), SigningKeys("k"), "tag")
    view.keep(kept)

    views.apply(DOMAIN, [], 2, log_denied=True)
    views.apply(DOMAIN, [], 3)
    assert view.tagged(ONE.id) is kept
    views.apply(DOMAIN, [], 4, log_denied=False)

    assert view.tagged(ONE.id) is None
    assert not view.enforcement.log_denied


def test_reads_in_any_order_leave_the_newest_version() -> None:
    versions = [replace(ONE, version=version, endpoint=f"192.0.2.1:{version}") for version in (2, 3, 4)]
    for order in permutations(versions):
        views, view, _ = begun()

        for each in order:
            views.apply(DOMAIN, [each], each.version)

        found = view.node(ONE.id)
        assert found is not None
        assert found.endpoint == "192.0.2.1:4"
        assert view.revision == 4


def test_a_node_that_left_does_not_come_back_with_an_older_read() -> None:
    views, view, sight = begun()

    views.apply(DOMAIN, [replace(ONE, removed_at=EPOCH, version=2)], 2)
    views.apply(DOMAIN, [replace(ONE, version=3)], 2)

    assert view.node(ONE.id) is None
    assert sight.peers_of(DOMAIN, TWO.id) == frozenset()


def test_a_view_and_who_sees_whom_in_it_move_together() -> None:
    views, view, sight = begun()

    views.apply(DOMAIN, [replace(TWO, metadata={"group": "other"}, version=2)], 2)

    assert not sight.sees(DOMAIN, ONE.id, TWO.id)
    assert view.peer(ONE.id, TWO.id) is not None
    assert view.peer(ONE.id, node_id(404)) is None


def test_both_ends_of_a_pair_are_told_one_key_and_a_fresh_one_once_an_epoch_moved() -> None:
    views, view, _ = begun()
    before = view.keys.of(_holder(view, 1), _holder(view, 2))

    views.apply(DOMAIN, [replace(ONE, psk_epoch=2, version=2)], 2)

    after = view.keys.of(_holder(view, 1), _holder(view, 2))
    assert after == view.keys.of(_holder(view, 2), _holder(view, 1))
    assert (before.key, before.epoch) != (after.key, after.epoch)
    assert str(after.key) in (view.peer(ONE.id, TWO.id) or "")


def _holder(view: MeshView, number: int) -> Holder:
    node = view.node(node_id(number))
    assert node is not None
    return Holder(node.id, node.psk_epoch)
