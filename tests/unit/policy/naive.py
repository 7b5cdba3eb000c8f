"""Who sees whom, told the slow way: the yardstick the index is held against."""

from collections.abc import Iterable, Iterator
from itertools import combinations, permutations

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.policy import NetworkPolicy, PolicySelector
from plexsphere.policy.domain.policy_test import Expectation, PolicyTest, PolicyTestEnd
from plexsphere.policy.domain.rule import Action, Rule
from plexsphere.policy.domain.traffic import Protocol, Traffic

Atom = tuple[str, int]

PORTS = range(1, 7)
ATOMS: frozenset[Atom] = frozenset(
    [*(("tcp", port) for port in PORTS), *(("udp", port) for port in PORTS), ("icmp", 0), ("other", 0)]
)


def atoms(rule: Rule) -> frozenset[Atom]:
    """All single kinds of traffic a rule speaks of, when no port above 6 is in use."""
    if rule.protocol is Protocol.ANY:
        return ATOMS
    if rule.ports is None:
        return frozenset([("icmp", 0)])
    return frozenset((rule.protocol.value, port) for port in range(rule.ports.first, rule.ports.last + 1))


def fits(rule: Rule, selector: PolicySelector, sender: Member, receiver: Member) -> bool:
    return (
        selector.source.matches(sender.labels)
        and selector.destination.matches(receiver.labels)
        and sender.mesh_ip in rule.source_cidr
        and receiver.mesh_ip in rule.destination_cidr
    )


def rules_between(policies: Iterable[NetworkPolicy], sender: Member, receiver: Member) -> Iterator[Rule]:
    for policy in policies:
        if sender.project_id == receiver.project_id == policy.project_id:
            for rule in policy.head.rules:
                if fits(rule, policy.head.selector, sender, receiver):
                    yield rule


def may_travel(policies: Iterable[NetworkPolicy], sender: Member, receiver: Member) -> frozenset[Atom]:
    """What a packet filter would let through: what is allowed and not denied."""
    rules = list(rules_between(policies, sender, receiver))
    allowed = frozenset[Atom]().union(*(atoms(rule) for rule in rules if rule.action is Action.ALLOW))
    return allowed.difference(*(atoms(rule) for rule in rules if rule.action is Action.DENY))


def sees(policies: Iterable[NetworkPolicy], one: Member, other: Member) -> bool:
    policies = list(policies)
    return one.node_id != other.node_id and any(
        _some_is_left(list(rules_between(policies, *ends))) for ends in ((one, other), (other, one))
    )


def visible_pairs(
    policies: Iterable[NetworkPolicy], members: Iterable[Member]
) -> frozenset[frozenset[NodeId]]:
    policies = list(policies)
    return frozenset(
        frozenset([one.node_id, other.node_id])
        for one, other in combinations(members, 2)
        if sees(policies, one, other)
    )


def wrong_pairs(
    policies: Iterable[NetworkPolicy], members: Iterable[Member], owner: NetworkPolicy, test: PolicyTest
) -> frozenset[tuple[NodeId, NodeId]]:
    """The pairs, sender first, of which a test of a policy of these does not hold."""
    policies, members = list(policies), [each for each in members if each.project_id == owner.project_id]
    return frozenset(
        (sender.node_id, receiver.node_id)
        for sender, receiver in permutations(members, 2)
        if stands_at(test.source, sender)
        and stands_at(test.destination, receiver)
        and may_send(policies, sender, receiver, test.traffic) != (test.expect is Expectation.ALLOW)
    )


def stands_at(end: PolicyTestEnd, member: Member) -> bool:
    return end.selector.matches(member.labels) and end.mesh_ip in (None, member.mesh_ip)


def may_send(policies: Iterable[NetworkPolicy], sender: Member, receiver: Member, traffic: Traffic) -> bool:
    if traffic.protocol is Protocol.ANY:
        return _some_is_left(list(rules_between(policies, sender, receiver)))
    return (traffic.protocol.value, traffic.first) in may_travel(policies, sender, receiver)


def _some_is_left(rules: list[Rule]) -> bool:
    denied = [atoms(rule) for rule in rules if rule.action is Action.DENY]
    return any(
        rule.action is Action.ALLOW and not any(atoms(rule) <= stopped for stopped in denied)
        for rule in rules
    )
