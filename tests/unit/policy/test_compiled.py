"""Rules in the agents' form."""

import re
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.aggregate import aggregated
from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.compiled import AgentRule
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.domain.rule import Rule
from tests.unit.policy.fleets import member, node_id, policy, policy_id, rule

addresses = st.integers(0, 2**32 - 1) | st.integers(0, 40) | st.integers(2**32 - 20, 2**32 - 1)


def index_of(*policies: NetworkPolicy) -> VisibilityIndex:
    index = VisibilityIndex()
    for each in policies:
        index.put_policy(each)
    index.put_member(member(1, app="web"))
    for number in (4, 5, 6, 7, 9):
        index.put_member(member(number, app="db"))
    return index


@given(st.lists(addresses, max_size=60))
def test_ranges_cover_exactly_the_addresses_and_are_the_fewest(drawn: list[int]) -> None:
    expected = collapse_addresses(IPv4Network(IPv4Address(address)) for address in drawn)

    assert aggregated(drawn) == tuple(map(str, expected))


def test_a_source_names_itself_and_the_ranges_of_the_other_side() -> None:
    index = index_of(
        policy(1, rule("allow", "tcp", ports=(443, 443)), source="app=web", destination="app=db")
    )

    (entry,) = index.compiled(node_id(1))

    assert entry.rules == (
        AgentRule("10.100.0.1/32", "10.100.0.4/30", 443, "tcp", "allow"),
        AgentRule("10.100.0.1/32", "10.100.0.9/32", 443, "tcp", "allow"),
    )


def test_a_destination_names_the_ranges_of_the_other_side_and_itself() -> None:
    index = index_of(
        policy(1, rule("allow", "tcp", ports=(443, 443)), source="app=web", destination="app=db")
    )

    (entry,) = index.compiled(node_id(9))

    assert entry.rules == (AgentRule("10.100.0.1/32", "10.100.0.9/32", 443, "tcp", "allow"),)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (rule("allow"), (0, "", "allow", None, None)),
        (rule("deny"), (0, "", "deny", None, None)),
        (rule("allow", "icmp"), (0, "icmp", "allow", None, None)),
        (rule("allow", "udp", ports=(53, 53)), (53, "udp", "allow", None, None)),
        (rule("deny", "udp", ports=(53, 53)), (53, "udp", "deny", None, None)),
        (rule("allow", "tcp", ports=(80, 90)), (80, "tcp", "allow", 80, 90)),
        (rule("deny", "tcp", ports=(80, 90)), (0, "tcp", "deny", 80, 90)),
        (rule("allow", "tcp", ports=(1, 65535)), (1, "tcp", "allow", 1, 65535)),
    ],
)
def test_a_reader_of_port_alone_opens_less_never_more(said: Rule, told: tuple[object, ...]) -> None:
    index = index_of(policy(1, said, source="app=web", destination="app=db"))

    (entry,) = index.compiled(node_id(9))

    assert entry.rules[0][2:] == told


def test_what_is_only_noted_stands_apart_from_the_rules_and_behind_them() -> None:
    log = rule("log", "tcp", ports=(80, 90))
    index = index_of(policy(1, log, rule("allow", "icmp")), policy(2, log, rule("deny")))

    entries = index.compiled(node_id(1))

    assert [bool(entry.log_rules) for entry in entries] == [False, False, True, True]
    assert all(each.action != "log" for entry in entries for each in entry.rules)
    for entry in entries[2:]:
        assert entry.rules == ()
        assert {each[2:] for each in entry.log_rules} == {(0, "tcp", "log", 80, 90)}
    assert len({entry.id for entry in entries}) == 4


def test_a_note_makes_nobody_visible_and_stands_in_the_way_of_no_policy() -> None:
    index = index_of(policy(1, rule("log")))
    assert index.pairs() == 0

    difference = index.preview(PutPolicy(policy(2, rule("log", "icmp"))))
    allowed = index.preview(PutPolicy(policy(3)))

    assert (difference.pairs_gained, difference.most_rules) == (0, 0)
    assert len(difference.recompiled) == len(index)
    assert allowed.most_rules == index_of().preview(PutPolicy(policy(3))).most_rules


def test_notes_get_what_room_the_rules_leave() -> None:
    roomy, narrow = (VisibilityIndex(most_rules=most) for most in (9, 3))
    for index in (roomy, narrow):
        index.put_policy(policy(1, rule("log"), rule("allow", "icmp")))
        for number in (1, 4):
            index.put_member(member(number))

    assert [len(entry.log_rules) for entry in roomy.compiled(node_id(1))] == [0, 4]
    [allowed, *noted] = narrow.compiled(node_id(1))
    assert len(allowed.rules) + sum(len(entry.log_rules) for entry in noted) == 3


def test_a_policy_that_picks_nobody_at_the_far_end_is_left_out() -> None:
    assert index_of(policy(1, source="app=web", destination="app=mail")).compiled(node_id(1)) == ()


def test_all_denials_come_before_all_permissions_across_policies() -> None:
    index = index_of(policy(1), policy(2, rule("deny", "tcp", ports=(22, 22)), rule("allow", "icmp")))

    entries = index.compiled(node_id(1))

    assert [(entry.id.split(".")[0], {r.action for r in entry.rules}) for entry in entries] == [
        (str(policy_id(2)), {"deny"}),
        (str(policy_id(1)), {"allow"}),
        (str(policy_id(2)), {"allow"}),
    ]


def test_an_entry_is_named_by_policy_revision_and_rules() -> None:
    (entry,) = index_of(policy(1, revision=7)).compiled(node_id(1))

    assert re.fullmatch(rf"{policy_id(1)}\.7\.[0-9a-f]{{8}}", entry.id)


def test_ids_of_one_policy_differ_for_denials_and_permissions() -> None:
    entries = index_of(policy(1, rule(), rule("deny"))).compiled(node_id(1))

    assert len({entry.id for entry in entries}) == 2


def test_a_new_member_changes_the_id_of_those_who_may_reach_it() -> None:
    index = index_of(policy(1, source="app=web", destination="app=db"))
    before = {
        number: (index.compiled(node_id(number))[0].id, index.fingerprint(node_id(number)))
        for number in (1, 9)
    }

    index.put_member(member(8, app="db"))

    after = {
        number: (index.compiled(node_id(number))[0].id, index.fingerprint(node_id(number)))
        for number in (1, 9)
    }
    assert before[1][0] != after[1][0]
    assert before[1][1] != after[1][1]
    assert before[9] == after[9]


def test_the_same_rule_twice_is_told_once() -> None:
    (entry,) = index_of(policy(1, rule(), rule(), source="app=web", destination="app=db")).compiled(
        node_id(9)
    )

    assert len(entry.rules) == 1


def test_two_indexes_with_the_same_content_agree_on_fingerprints() -> None:
    policies = policy(1), policy(2, rule("deny", "icmp"))

    one, other = index_of(*policies), index_of(*reversed(policies))

    assert one.fingerprint(node_id(1)) == other.fingerprint(node_id(1))
