"""How many rules a node may have, and what becomes of those beyond (decision 0035)."""

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.aggregate import aggregated, range_count
from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.compiled import AgentPolicy
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.domain.rule import Rule
from tests.unit.policy import fleets
from tests.unit.policy.fleets import node_id, policy, rule
from tests.unit.policy.test_index_follows_the_law import let_through

said = st.lists(st.tuples(fleets.rule_lists, fleets.selectors, fleets.selectors), max_size=3)
crowds = st.lists(fleets.labels, min_size=2, max_size=7)
PORTS = tuple(rule("allow", "tcp", ports=(port, port)) for port in range(1, 7))


def members_of(crowd: list[dict[str, str]]) -> list[Member]:
    # Every other address, so that few of them make one range.
    return [
        Member(node_id(number), fleets.PROJECTS[0], labels, IPv4Address(fleets.FIRST_ADDRESS + 2 * number))
        for number, labels in enumerate(crowd)
    ]


def policies_of(drawn: list[tuple[list[Rule], str, str]]) -> list[NetworkPolicy]:
    return [
        policy(number, *rules, source=source, destination=destination)
        for number, (rules, source, destination) in enumerate(drawn)
    ]


def index_of(members: list[Member], policies: list[NetworkPolicy], most_rules: int) -> VisibilityIndex:
    index = VisibilityIndex(most_rules)
    for each in policies:
        index.put_policy(each)
    for node in members:
        index.put_member(node)
    return index


def size(entries: tuple[AgentPolicy, ...]) -> int:
    return sum(len(entry.rules) for entry in entries)


@given(crowds, said, st.integers(0, 12))
def test_rules_that_are_cut_fit_and_open_nothing_that_all_of_them_do_not(
    crowd: list[dict[str, str]], drawn: list[tuple[list[Rule], str, str]], most: int
) -> None:
    members, policies = members_of(crowd), policies_of(drawn)
    whole, cut = index_of(members, policies, 1_000_000), index_of(members, policies, most)

    for reader in members:
        rules, kept = whole.compiled(reader.node_id), cut.compiled(reader.node_id)
        assert size(kept) == min(size(rules), most) or kept == ()
        assert cut.template(reader.node_id)[2]().is_cut == (size(rules) > most)
        for other in members:
            if other is not reader:
                for ends in ((reader, other), (other, reader)):
                    assert let_through(kept, *ends) <= let_through(rules, *ends)


@given(crowds, said, fleets.rule_lists)
def test_what_a_policy_is_measured_by_is_never_less_than_what_a_node_gets(
    crowd: list[dict[str, str]], drawn: list[tuple[list[Rule], str, str]], rules: list[Rule]
) -> None:
    members, policies = members_of(crowd), policies_of(drawn)
    index = index_of(members, policies, 1_000_000)
    coming = policy(9, *rules, rule("allow"))

    measured = index.preview(PutPolicy(coming)).most_rules
    index.put_policy(coming)

    assert measured >= max(size(index.compiled(node.node_id)) for node in members)


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 40), max_size=60))
def test_ranges_are_counted_as_they_are_made(addresses: list[int]) -> None:
    assert range_count(addresses) == len(aggregated(addresses))


def test_the_newest_permissions_go_first_and_denials_stay() -> None:
    members = members_of([{}, {}, {}])
    index = index_of(members, [policy(1, *PORTS), policy(2, rule()), policy(3, rule("deny", "icmp"))], 12)

    actions = [
        (entry.id[:36], entry.rules[0].action, len(entry.rules)) for entry in index.compiled(node_id(0))
    ]

    assert actions == [
        (str(fleets.policy_id(3)), "deny", 6),
        (str(fleets.policy_id(1)), "allow", 6),
    ]


def test_where_denials_alone_are_too_many_nothing_is_open() -> None:
    index = index_of(members_of([{}, {}, {}]), [policy(1, rule("deny", "icmp")), policy(2, rule())], 4)

    assert index.compiled(node_id(0)) == ()
    assert index.template(node_id(0))[2]().is_cut


def test_a_policy_is_measured_by_the_node_that_has_most_by_it() -> None:
    """Three scattered nodes are three ranges; a label that picks one of them is one."""
    members = members_of([{"app": "web"}, {}, {}])
    index = index_of(members, [policy(1)], 1_000_000)

    whole = index.preview(PutPolicy(policy(2, *PORTS))).most_rules
    narrow = index.preview(PutPolicy(policy(2, *PORTS, source="app=web", destination="app=web"))).most_rules
    nobody = index.preview(PutPolicy(policy(2, *PORTS, source="app=mail"))).most_rules

    assert whole == 2 * 3 + 6 * 2 * 3
    assert narrow == 2 * 3 + 6 * 2
    assert nobody == 0


def test_a_policy_that_only_denies_is_measured_by_denials_alone() -> None:
    """Who has too many rules that allow can still be told to stop."""
    index = index_of(members_of([{}, {}, {}]), [policy(1, *PORTS)], 1_000_000)
    denials = [rule("deny", protocol) for protocol in ("icmp", "any")]

    only_denies = index.preview(PutPolicy(policy(2, *denials))).most_rules
    allows_too = index.preview(PutPolicy(policy(2, *denials, rule()))).most_rules

    assert only_denies == 2 * 2 * 3
    assert allows_too == 6 * 2 * 3 + 3 * 2 * 3
