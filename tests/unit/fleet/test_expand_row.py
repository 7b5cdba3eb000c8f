"""What a recipient is told of a row is what is true now, for it, and signed now (design D19, D20, D22)."""

import json
from dataclasses import replace
from typing import Any

from plexsphere.fleet.application.expand_row import MOST_RULES_CHARACTERS, ExpandRow
from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.domain.pair_key import PairKeys
from plexsphere.fleet.ports.meshes import MeshRecord
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.events import EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.support.event_rows import StampSigner, a_row, node_id
from tests.support.fleet import DOMAIN, a_node
from tests.support.fleet_sight import GroupSight, grouped
from tests.support.identity import FakeClock
from tests.support.offers import EXPIRES, an_offer, execution_id, offer_anew, offered, pending_actions

ADDED, REMOVED, MOVED = EventType.PEER_ADDED, EventType.PEER_REMOVED, EventType.PEER_ENDPOINT_CHANGED
RULES, STATE = EventType.POLICY_UPDATED, EventType.NODE_STATE_UPDATED
ASKED, CANCELLED = EventType.ACTION_REQUEST, EventType.ACTION_CANCELLED
MESH = MeshRecord(PairKeys(1, Secret(b"k" * 32)), 1)


class Scene:
    """Nodes 1 to 3 see each other, 4 sees nobody."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        sight = GroupSight()
        self.views = MeshViews(sight)
        list(self.views.begin(DOMAIN, MESH, [*grouped([a_node(1), a_node(2), a_node(3)], "g"), a_node(4)]))
        self.offers = offered(an_offer(1))
        self.expand = ExpandRow(sight, pending_actions(self.clock, self.offers), StampSigner(), self.clock)

    def told(self, row: Row, to: int, behind: int = -1) -> list[tuple[str, dict[str, Any]]]:
        view = self.views.loaded(DOMAIN)
        assert view is not None
        return [_read(octets) for octets in self.expand(view, row, node_id(to), behind)]


def _read(octets: bytes) -> tuple[str, dict[str, Any]]:
    lines = octets.decode().splitlines()
    return lines[0].removeprefix("id: "), json.loads(lines[2].removeprefix("data: "))


def test_each_frame_is_numbered_by_its_place_in_the_row() -> None:
    told = Scene().told(a_row(7, (ADDED, 2), (ADDED, 3), (RULES, 2)), to=1)

    assert [place for place, _ in told] == ["7.0", "7.1", "7.2"]


def test_what_is_hidden_leaves_a_hole_and_no_other_number_moves() -> None:
    told = Scene().told(a_row(7, (ADDED, 2), (ADDED, 4), (ADDED, 1), (ADDED, 3)), to=1)

    assert [place for place, _ in told] == ["7.0", "7.3"]


def test_a_reader_goes_on_behind_the_place_it_has() -> None:
    told = Scene().told(a_row(7, (ADDED, 2), (ADDED, 3), (RULES, 2)), to=1, behind=0)

    assert [place for place, _ in told] == ["7.1", "7.2"]


def test_a_peer_is_told_as_it_is_now() -> None:
    scene = Scene()
    moved = replace(a_node(2), metadata={"group": "g"}, endpoint="203.0.113.9:1", version=2)

    scene.views.apply(DOMAIN, [moved], 2)

    [(_, event)] = scene.told(a_row(7, (MOVED, 2)), to=1)
    assert event["payload"]["endpoint"] == "203.0.113.9:1"
    assert event["payload"]["node_id"] == str(node_id(1))


def test_who_lost_sight_of_a_peer_meanwhile_gets_no_key_of_it() -> None:
    scene = Scene()

    scene.views.apply(DOMAIN, [replace(a_node(2), version=2)], 2)

    assert scene.told(a_row(7, (ADDED, 2)), to=1) == []


def test_a_removal_is_told_of_a_peer_that_is_gone_and_holds_no_key() -> None:
    [(_, event)] = Scene().told(a_row(7, (REMOVED, 9), to=[1], reason="deregistered"), to=1)

    gone = str(node_id(9))
    assert event["payload"] == {
        "node_id": str(node_id(1)),
        "id": gone,
        "peer_id": gone,
        "reason": "deregistered",
    }


def test_nobody_is_told_of_its_own_removal() -> None:
    assert Scene().told(a_row(7, (REMOVED, 1), to=[1]), to=1) == []


def test_a_nodes_metadata_is_for_itself_alone() -> None:
    scene, row = Scene(), a_row(7, (STATE, 1), to=[1, 2])

    assert scene.told(row, to=1)[0][1]["payload"]["metadata"] == {"group": "g"}
    assert scene.told(row, to=2) == []


def test_a_node_that_left_is_told_nothing_of_the_mesh() -> None:
    """C35: not even where its stream still stands."""
    scene = Scene()
    row = a_row(7, (ADDED, 2), (RULES, 2), (STATE, 1))
    asked = about_execution(ASKED, CANCELLED)

    scene.views.apply(DOMAIN, [replace(a_node(1), removed_at=scene.clock.now(), version=2)], 2)

    assert scene.told(row, to=1) == []
    assert scene.told(asked, to=1) == []


def test_an_event_told_again_is_the_same_event_signed_anew() -> None:
    """C26: its id and nonce stay, its time is that of the delivery."""
    scene, row = Scene(), a_row(7, (ADDED, 2))
    [(_, first)] = scene.told(row, to=1)

    scene.clock.advance(3600)

    [(_, again)] = scene.told(row, to=1)
    assert (again["event_id"], again["nonce"]) == (first["event_id"], first["nonce"])
    assert again["issued_at"] != first["issued_at"]


def test_no_two_recipients_and_no_two_places_share_an_event() -> None:
    scene, row = Scene(), a_row(7, (ADDED, 2), (ADDED, 3), (RULES, 3))

    events = [event for to in (1, 2, 3) for _, event in scene.told(row, to=to)]

    assert len({event["event_id"] for event in events}) == len({event["nonce"] for event in events}) == 7


def about_execution(*event_types: EventType, to: tuple[int, ...] = (1,)) -> Row:
    """Return a row about the execution that node 1 is offered."""
    frames = tuple(Frame(each, execution_id(1)) for each in event_types)
    return replace(a_row(7, to=to), kind=SubjectKind.EXECUTION, subject=execution_id(1), frames=frames)


def test_an_action_is_told_to_the_node_that_it_is_offered_to_as_long_as_it_is() -> None:
    """An action that was taken up is never asked for again by a replay, and neither is an expired one."""
    scene, row = Scene(), about_execution(ASKED, to=(1, 2))
    [(place, event)] = scene.told(row, to=1)
    assert (place, event["event_type"]) == ("7.0", "action_request")
    assert event["payload"]["node_id"] == str(node_id(1))
    assert event["payload"]["execution_id"] == str(execution_id(1))
    assert scene.told(row, to=2) == []

    scene.clock.advance((EXPIRES - scene.clock.now()).total_seconds())
    assert scene.told(row, to=1) == []

    scene = Scene()
    offer_anew(scene.offers, [1])
    assert scene.told(row, to=1) == []


def test_an_action_is_cancelled_by_its_id_alone_whether_or_not_it_was_taken_up() -> None:
    scene, row = Scene(), about_execution(CANCELLED, to=(1, 2))
    offer_anew(scene.offers, [1])

    [(_, event)] = scene.told(row, to=1)

    assert event["event_type"] == "action_cancelled"
    assert event["payload"] == {"node_id": str(node_id(1)), "execution_id": str(execution_id(1))}


def test_a_frame_of_a_type_that_is_not_known_leaves_a_hole_and_no_other_number_moves() -> None:
    row = about_execution(ASKED, CANCELLED)

    told = Scene().told(replace(row, frames=(None, *row.frames, None)), to=1)

    assert [place for place, _ in told] == ["7.1", "7.2"]


class LongRules(GroupSight):
    """Everybody's rules fill megabytes."""

    def rules(self, domain_id: DomainId, node_id: NodeId, /) -> str:
        return json.dumps(["x" * MOST_RULES_CHARACTERS])


def test_rules_beyond_all_bounds_are_not_sent_to_everybody_but_pulled_by_each() -> None:
    sight = LongRules()
    views = MeshViews(sight)
    list(views.begin(DOMAIN, MESH, [a_node(1)]))
    view = views.loaded(DOMAIN)
    assert view is not None

    expand = ExpandRow(sight, pending_actions(FakeClock()), StampSigner(), FakeClock())
    [octets] = expand(view, a_row(7, (RULES, 1)), node_id(1), -1)

    assert "policies" not in _read(octets)[1]["payload"]
    assert _read(octets)[1]["payload"]["node_id"] == str(node_id(1))


def test_rules_are_told_with_what_becomes_of_all_other_traffic() -> None:
    scene = Scene()
    scene.views.apply(DOMAIN, [], 2, log_denied=False)

    [(_, event)] = scene.told(a_row(7, (RULES, 2)), to=1)

    assert event["payload"]["enforcement"] == {"default_action": "deny", "log_denied": False}
