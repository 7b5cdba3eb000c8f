"""What differs between two lists of rules."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.rule_diff import ModifiedRule, RuleDiff
from tests.unit.policy.fleets import rule, rules

NOTHING = RuleDiff((), (), ())
HTTP = rule("allow", "tcp", ports=(80, 80))
NO_HTTP = rule("deny", "tcp", ports=(80, 80))
HTTPS = rule("allow", "tcp", ports=(443, 443))
lists = st.lists(rules | st.sampled_from([HTTP, NO_HTTP, HTTPS]), max_size=6)


def key(found: Rule) -> tuple[object, ...]:
    return found.source_cidr, found.destination_cidr, found.protocol, found.ports


def test_a_rule_that_came_is_added_and_one_that_went_is_removed() -> None:
    assert RuleDiff.between([HTTP, rule()], [rule(), HTTPS]) == RuleDiff((HTTPS,), (HTTP,), ())


def test_another_action_is_a_modification_and_anything_else_is_not() -> None:
    assert RuleDiff.between([HTTP], [NO_HTTP]) == RuleDiff((), (), (ModifiedRule(HTTP, NO_HTTP),))
    for other in (
        rule("allow", "udp", ports=(80, 80)),
        rule("allow", "tcp", ports=(80, 81)),
        rule("allow", "tcp", "10.0.0.0/8", ports=(80, 80)),
        rule("allow", "tcp", "0.0.0.0/0", "10.0.0.0/8", ports=(80, 80)),
    ):
        assert RuleDiff.between([HTTP], [other]) == RuleDiff((other,), (HTTP,), ())


def test_of_an_allowing_and_a_denying_rule_only_the_one_that_goes_is_told() -> None:
    assert RuleDiff.between([HTTP, NO_HTTP], [NO_HTTP]) == RuleDiff((), (HTTP,), ())


def test_a_rule_that_stands_twice_counts_twice() -> None:
    assert RuleDiff.between([HTTP, HTTP], [HTTP]) == RuleDiff((), (HTTP,), ())


@given(before=lists, draw=st.randoms(use_true_random=False))
def test_a_list_in_another_order_differs_in_nothing(before: list[Rule], draw: object) -> None:
    after = sorted(before, key=lambda _: draw.random())  # type: ignore[attr-defined]

    assert RuleDiff.between(before, after) == NOTHING


@given(before=lists, after=lists)
def test_a_difference_leads_from_one_list_to_the_other(before: list[Rule], after: list[Rule]) -> None:
    diff = RuleDiff.between(before, after)

    rest = Counter(before) - Counter([*diff.removed, *(each.before for each in diff.modified)])
    assert rest + Counter([*diff.added, *(each.after for each in diff.modified)]) == Counter(after)
    assert not {*map(key, diff.added)} & {*map(key, diff.removed)}
    for each in diff.modified:
        assert key(each.before) == key(each.after)
        assert each.before.action is not each.after.action
