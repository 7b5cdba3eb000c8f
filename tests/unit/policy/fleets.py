"""Nodes, rules and policies for tests, and strategies that draw them."""

from datetime import UTC, datetime
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

from hypothesis import strategies as st

from plexsphere.platform.kernel.ids import NodeId, PolicyId, ProjectId
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.policy import NetworkPolicy, PolicySelector, Revision, RevisionId
from plexsphere.policy.domain.policy_test import (
    PolicyTest,
    PolicyTestEnd,
    read_expectation,
    read_traffic,
)
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.selector import Selector

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROJECTS = (ProjectId(UUID(int=1)), ProjectId(UUID(int=2)))
FIRST_ADDRESS = int(IPv4Address("10.100.0.0"))


def node_id(number: int) -> NodeId:
    return NodeId(UUID(int=1000 + number))


def policy_id(number: int) -> PolicyId:
    return PolicyId(UUID(int=5000 + number))


def member(
    number: int, *, address: int | None = None, project: ProjectId = PROJECTS[0], **labels: str
) -> Member:
    place = number if address is None else address
    return Member(node_id(number), project, labels, IPv4Address(FIRST_ADDRESS + place))


def rule(
    action: str = "allow",
    protocol: str = "any",
    source: str = "0.0.0.0/0",
    destination: str = "0.0.0.0/0",
    ports: tuple[int, int] | None = None,
) -> Rule:
    return Rule.parse(
        action=action, protocol=protocol, source_cidr=source, destination_cidr=destination, ports=ports
    )


def policy(
    number: int,
    *rules: Rule,
    source: str = "*",
    destination: str = "*",
    revision: int = 1,
    project: ProjectId = PROJECTS[0],
    tests: tuple[PolicyTest, ...] = (),
) -> NetworkPolicy:
    identity = policy_id(number)
    head = Revision(
        id=RevisionId(UUID(int=(identity.int << 32) + revision)),
        policy_id=identity,
        parent_id=None if revision == 1 else RevisionId(UUID(int=(identity.int << 32) + revision - 1)),
        number=revision,
        selector=PolicySelector(Selector.parse(source), Selector.parse(destination)),
        rules=rules or (rule(),),
        created_at=NOON,
        created_by="user:0",
        tests=tests,
    )
    return NetworkPolicy(identity, project, f"policy-{number}", None, head, NOON, NOON)


def claim(
    name: str = "t",
    *,
    source: str = "*",
    destination: str = "*",
    protocol: str = "any",
    port: int | None = None,
    expect: str = "allow",
) -> PolicyTest:
    """A policy test; an end is a selector, or a mesh address where it begins with a digit."""
    return PolicyTest(
        name, end(source), end(destination), read_traffic(protocol, port), read_expectation(expect)
    )


def end(words: str) -> PolicyTestEnd:
    by_address = words[0].isdigit()
    return PolicyTestEnd.parse(None if by_address else words, words if by_address else None)


labels = st.builds(
    lambda app, zone, edge: {**app, **zone, **edge},
    st.sampled_from([{"app": "web"}, {"app": "db"}, {}]),
    st.sampled_from([{"zone": "a"}, {"zone": "b"}, {}]),
    st.sampled_from([{"edge": "yes"}, {}]),
)
selectors = st.sampled_from(
    [
        "*",
        "*",
        "*",
        "app=web",
        "app=db",
        "app in (web,db)",
        "zone=a",
        "edge",
        "!edge",
        "app=web,zone=b",
        "!app,zone",
    ]
)
EVERYWHERE = "0.0.0.0/0"
cidrs = st.sampled_from([EVERYWHERE] * 5) | st.sampled_from(
    ["10.100.0.0/29", "10.100.0.8/29", "10.100.0.2/31", "10.100.0.5/32", "10.99.0.0/16"]
)
port_ranges = st.tuples(st.integers(1, 6), st.integers(1, 6)).map(lambda ends: (min(ends), max(ends)))
rules = st.builds(
    lambda action, protocol, source, destination, ports: rule(
        action, protocol, source, destination, ports if protocol in ("tcp", "udp") else None
    ),
    st.sampled_from(["allow", "allow", "allow", "deny", "deny", "log"]),
    st.sampled_from(["any", "any", "tcp", "tcp", "udp", "icmp"]),
    cidrs,
    cidrs,
    port_ranges,
) | st.sampled_from([rule("allow", source="::/0", destination="::/0"), rule("deny")])
rule_lists = st.lists(rules, min_size=1, max_size=4)

ends = selectors | st.sampled_from(["10.100.0.0", "10.100.0.5", "10.100.0.8"])
claims = st.builds(
    lambda name, source, destination, traffic, expect: claim(
        name, source=source, destination=destination, protocol=traffic[0], port=traffic[1], expect=expect
    ),
    st.sampled_from(["one", "two", "three"]),
    ends,
    ends,
    st.sampled_from([("any", None), ("tcp", 1), ("tcp", 4), ("udp", 3), ("icmp", None)]),
    st.sampled_from(["allow", "deny"]),
)
claim_lists = st.lists(claims, max_size=3, unique_by=lambda test: test.name).map(tuple)


@cache
def network(text: str) -> IPv4Network:
    return IPv4Network(text)
