"""What a change would do, and how big the answer is."""

import pytest

from plexsphere.policy.domain.changes import PutMember, PutPolicy, RemoveMember, RemovePolicy
from plexsphere.policy.domain.confirmation import require_confirmed, takes_most_away
from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.errors import ConfirmationRequired
from plexsphere.policy.domain.index import VisibilityIndex
from tests.unit.policy.fleets import member, node_id, policy, policy_id, rule

MANY = 10_000


def crowd(size: int, groups: int) -> VisibilityIndex:
    index = VisibilityIndex()
    for group in range(groups):
        own = f"group=g{group}"
        index.put_policy(policy(group, source=own, destination=own))
    for number in range(size):
        index.put_member(member(number, group=f"g{number % groups}"))
    return index


def test_letting_everybody_see_everybody_is_told_in_few_blocks() -> None:
    index = crowd(MANY, groups=100)
    assert index.pairs() == 100 * (100 * 99 // 2)

    difference = index.preview(PutPolicy(policy(500)))

    assert difference.pairs_gained == MANY * (MANY - 1) // 2 - index.pairs()
    assert difference.pairs_lost == 0
    assert len(difference.blocks) == 100
    assert len(difference.recompiled) == MANY


def test_a_recipient_beyond_the_bound_is_counted_but_not_listed() -> None:
    index = crowd(40, groups=4)

    changes = {
        change.node_id: change for change in index.preview(PutPolicy(policy(500))).by_recipient(bound=29)
    }

    assert len(changes) == 40
    assert all(
        change.is_too_long and change.gained_count == 30 and not change.gained for change in changes.values()
    )


def test_a_recipient_within_the_bound_is_told_everything() -> None:
    index = crowd(40, groups=4)

    changes = list(index.preview(PutPolicy(policy(500))).by_recipient(bound=30))

    assert all(not change.is_too_long and len(change.gained) == 30 for change in changes)


def test_new_ranges_may_divide_a_class_without_rest() -> None:
    index = VisibilityIndex()
    for number in range(4):
        index.put_member(member(number, address=number * 2))

    low, high = "10.100.0.0/30", "10.100.0.4/30"
    within = policy(1, rule(source=low, destination=low), rule(source=high, destination=high))

    assert index.preview(PutPolicy(within)).pairs_gained == 2


def test_a_change_of_wording_alone_recompiles_but_shows_nobody() -> None:
    index = crowd(4, groups=2)

    difference = index.preview(PutPolicy(policy(0, source="group=g0", destination="group=g0", revision=2)))

    assert (difference.pairs_gained, difference.pairs_lost) == (0, 0)
    assert difference.recompiled == {node_id(0), node_id(2)}


def test_a_newcomer_touches_only_those_whose_rules_name_it() -> None:
    index = crowd(6, groups=3)

    difference = index.preview(PutMember(member(9, group="g0")))

    assert difference.recompiled == {node_id(0), node_id(3), node_id(9)}
    assert difference.pairs_gained == 2


def test_labels_no_rule_looks_at_change_nothing() -> None:
    index = crowd(6, groups=3)

    assert index.preview(PutMember(member(0, group="g0", colour="red"))).is_empty


def test_who_leaves_is_lost_to_its_peers() -> None:
    index = crowd(6, groups=2)

    difference = index.preview(RemoveMember(node_id(0)))

    assert {change.node_id: change.lost for change in difference.by_recipient(bound=9)} == {
        node_id(0): {node_id(2), node_id(4)},
        node_id(2): {node_id(0)},
        node_id(4): {node_id(0)},
    }
    assert difference.recompiled == {node_id(2), node_id(4)}


def test_what_is_not_there_leaves_without_a_trace() -> None:
    index = crowd(4, groups=2)

    assert index.preview(RemoveMember(node_id(99))).is_empty
    assert index.preview(RemovePolicy(policy_id(99))).is_empty


def darkening(lost_groups: int, groups: int, size: int) -> Difference:
    """The difference of a denial that takes some of the groups all they see."""
    lost = ",".join(f"g{group}" for group in range(lost_groups))

    return crowd(size * groups, groups).preview(
        PutPolicy(policy(900, rule("deny"), source=f"group in ({lost})"))
    )


def test_a_hundred_pairs_are_enough_to_ask() -> None:
    index = VisibilityIndex()
    index.put_policy(policy(1, source="side=left", destination="side=right"))
    for number in range(20):
        index.put_member(member(number, side="left" if number < 10 else "right"))
    difference = index.preview(RemovePolicy(policy_id(1)))
    assert difference.pairs_lost == 100

    assert takes_most_away(difference)


@pytest.mark.parametrize(
    ("lost_groups", "groups", "size", "most"),
    [(2, 3, 11, True), (2, 4, 11, False), (3, 4, 8, False), (5, 5, 7, True), (4, 5, 8, True)],
)
def test_most_is_more_than_half_and_at_least_a_hundred(
    lost_groups: int, groups: int, size: int, most: bool
) -> None:
    difference = darkening(lost_groups, groups, size)
    assert difference.pairs_lost == lost_groups * size * (size - 1) // 2
    assert difference.pairs_before == groups * size * (size - 1) // 2

    assert takes_most_away(difference) is most


def test_darkening_a_domain_needs_a_second_word() -> None:
    index = VisibilityIndex()
    index.put_policy(policy(1))
    for number in range(20):
        index.put_member(member(number))
    difference = index.preview(RemovePolicy(policy_id(1)))

    require_confirmed(difference, confirmed=True)
    with pytest.raises(ConfirmationRequired) as refused:
        require_confirmed(difference, confirmed=False)

    assert (refused.value.pairs_lost, refused.value.pairs_before) == (190, 190)


def test_a_small_domain_may_be_darkened_at_once() -> None:
    index = crowd(14, groups=1)

    require_confirmed(index.preview(RemovePolicy(policy_id(0))), confirmed=False)
