"""Members found by address and by label."""

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.member_class import Seat
from plexsphere.policy.domain.roster import Roster
from plexsphere.policy.domain.selector import Selector
from tests.unit.policy.fleets import FIRST_ADDRESS, member, node_id


def roster_of(*members: Member) -> Roster:
    roster = Roster()
    for each in members:
        roster.add(Seat(each, mark=0, weight=0))
    return roster


def found(roster: Roster, selector: str, low: int = 0, high: int = 255) -> list[NodeId]:
    seats = roster.selected(Selector.parse(selector), FIRST_ADDRESS + low, FIRST_ADDRESS + high)
    return [seat.member.node_id for seat in seats]


CROWD = [member(number, address=40 - number, app="web" if number % 10 == 0 else "db") for number in range(40)]


def test_members_come_in_the_order_of_their_addresses() -> None:
    roster = roster_of(*CROWD)

    assert found(roster, "app=web") == [node_id(30), node_id(20), node_id(10), node_id(0)]
    assert found(roster, "*", 1, 3) == [node_id(39), node_id(38), node_id(37)]


def test_a_range_holds_for_members_found_by_label_too() -> None:
    assert found(roster_of(*CROWD), "app=web", 11, 30) == [node_id(20), node_id(10)]


def test_who_has_other_labels_is_found_by_those_alone() -> None:
    roster = roster_of(*CROWD)
    seat = roster.get(node_id(10))
    assert seat is not None

    roster.relabel(seat, member(10, address=30, app="mail"))

    assert node_id(10) not in found(roster, "app=web")
    assert found(roster, "app=mail") == [node_id(10)]


def test_nothing_is_kept_of_who_left() -> None:
    roster = roster_of(CROWD[10])
    seat = roster.get(node_id(10))
    assert seat is not None
    roster.relabel(seat, member(10, address=30, app="mail"))

    roster.remove(seat)

    assert len(roster) == 0
    assert vars(roster) == vars(Roster())
