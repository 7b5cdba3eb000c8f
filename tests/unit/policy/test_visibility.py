"""Who sees whom, case by case (design D16)."""

import pytest

from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.selector import Selector
from tests.unit.policy.fleets import PROJECTS, member, node_id, policy, rule

WEB, DB = member(1, app="web"), member(2, app="db")
HTTP = rule("allow", "tcp", ports=(80, 90))


def index_of(*members: Member, policies: tuple[NetworkPolicy, ...] = ()) -> VisibilityIndex:
    index = VisibilityIndex()
    for each in policies:
        index.put_policy(each)
    for node in members:
        index.put_member(node)
    return index


def see_each_other(*policies: NetworkPolicy) -> bool:
    index = index_of(WEB, DB, policies=policies)
    assert index.sees(node_id(1), node_id(2)) == index.sees(node_id(2), node_id(1))
    return index.sees(node_id(1), node_id(2))


def test_without_a_policy_nobody_sees_anybody() -> None:
    assert not see_each_other()


def test_one_direction_is_enough() -> None:
    assert see_each_other(policy(1, HTTP, source="app=web", destination="app=db"))
    assert see_each_other(policy(1, HTTP, source="app=db", destination="app=web"))


def test_both_ends_must_match() -> None:
    assert not see_each_other(policy(1, source="app=web", destination="app=mail"))
    assert not see_each_other(policy(1, rule(source="10.100.0.1/32", destination="10.100.0.1/32")))
    assert see_each_other(policy(1, rule(source="10.100.0.1/32", destination="10.100.0.2/32")))


def test_a_rule_that_logs_neither_allows_nor_denies() -> None:
    assert not see_each_other(policy(1, rule("log")))
    assert see_each_other(policy(1, HTTP, rule("log")))


@pytest.mark.parametrize(
    ("denial", "left"),
    [
        (rule("deny"), False),
        (rule("deny", "tcp", ports=(80, 90)), False),
        (rule("deny", "tcp", ports=(1, 65535)), False),
        (rule("deny", "tcp", ports=(80, 89)), True),
        (rule("deny", "udp", ports=(80, 90)), True),
        (rule("deny", "icmp"), True),
        (rule("deny", source="10.100.0.1/32"), True),
    ],
)
@pytest.mark.parametrize("same_policy", [True, False])
def test_a_denial_blinds_where_it_covers_all_that_is_allowed(
    denial: Rule, left: bool, same_policy: bool
) -> None:
    policies = (policy(1, HTTP, denial),) if same_policy else (policy(1, HTTP), policy(2, denial))

    assert see_each_other(*policies) is left


@pytest.mark.parametrize(
    ("allowed", "denied", "left"),
    [
        (rule(), rule("deny"), False),
        (rule(), rule("deny", "tcp", ports=(1, 65535)), True),
        (rule(), rule("deny", "icmp"), True),
        (rule("allow", "icmp"), rule("deny", "icmp"), False),
        (rule("allow", "icmp"), rule("deny"), False),
        (rule("allow", "udp", ports=(5, 5)), rule("deny", "udp", ports=(5, 5)), False),
        (rule("allow", "udp", ports=(5, 6)), rule("deny", "udp", ports=(4, 5)), True),
        (rule("allow", "udp", ports=(5, 6)), rule("deny", "udp", ports=(6, 7)), True),
        (rule("allow", "udp", ports=(5, 6)), rule("deny", "tcp", ports=(5, 6)), True),
    ],
)
def test_coverage_is_by_protocol_and_by_inclusion_of_ports(allowed: Rule, denied: Rule, left: bool) -> None:
    assert see_each_other(policy(1, allowed, denied)) is left


def test_two_denials_do_not_add_up() -> None:
    halves = rule("deny", "tcp", ports=(80, 85)), rule("deny", "tcp", ports=(86, 90))

    assert see_each_other(policy(1, HTTP, *halves))


def test_a_denial_in_one_direction_leaves_the_other() -> None:
    assert see_each_other(policy(1, rule()), policy(2, rule("deny"), source="app=web"))
    assert not see_each_other(
        policy(1, rule(), source="app=web", destination="app=db"), policy(2, rule("deny"))
    )


def test_no_policy_reaches_across_projects() -> None:
    abroad = member(3, project=PROJECTS[1])
    index = index_of(WEB, abroad, policies=(policy(1), policy(2, project=PROJECTS[1])))

    assert not index.sees(node_id(1), node_id(3))
    assert index.pairs() == 0


def test_a_policy_speaks_of_its_own_project_only() -> None:
    index = index_of(WEB, DB, policies=(policy(1, project=PROJECTS[1]),))

    assert index.peers_of(node_id(1)) == frozenset()


def test_a_policy_never_changes_its_project() -> None:
    index = index_of(WEB, policies=(policy(1),))

    with pytest.raises(ValueError, match="never changes its project"):
        index.put_policy(policy(1, revision=2, project=PROJECTS[1]))


def test_a_node_never_sees_itself() -> None:
    index = index_of(WEB, policies=(policy(1),))

    assert not index.sees(node_id(1), node_id(1))
    assert index.peers_of(node_id(1)) == frozenset()
    assert index.peer_count(node_id(1)) == 0


def test_rules_on_ipv6_ranges_speak_of_no_node() -> None:
    assert not see_each_other(policy(1, rule(source="::/0", destination="::/0")))


def test_who_is_not_known_sees_nobody_and_has_no_rules() -> None:
    index = index_of(WEB, policies=(policy(1),))

    assert not index.sees(node_id(1), node_id(9))
    assert index.peers_of(node_id(9)) == frozenset()
    assert index.compiled(node_id(9)) == ()
    assert index.peers_weight(node_id(9)) == 0
    with pytest.raises(LookupError):
        index.set_weight(node_id(9), 1)


def test_a_node_that_went_is_in_no_sight_though_its_place_is_taken() -> None:
    index = index_of(WEB, DB, policies=(policy(1, source="app=web", destination="app=db"),))
    assert index.peers_of(node_id(1)) == {node_id(2)}

    index.remove_member(node_id(2))
    index.put_member(member(3, app="mail"))

    assert index.peers_of(node_id(1)) == frozenset()


def test_a_selector_finds_nodes_of_its_project() -> None:
    index = index_of(WEB, DB, member(3, project=PROJECTS[1], app="web"))

    assert index.selected(PROJECTS[0], Selector.parse("app=web")) == {node_id(1)}


def test_labels_are_taken_as_they_were() -> None:
    labels = {"app": "web"}
    node = Member(WEB.node_id, WEB.project_id, labels, WEB.mesh_ip)

    labels["app"] = "db"

    assert node.labels["app"] == "web"
