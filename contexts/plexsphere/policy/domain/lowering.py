"""From the rules of a revision to links between sides."""

from collections.abc import Callable
from ipaddress import IPv4Network

from plexsphere.policy.domain.policy import NetworkPolicy, Revision
from plexsphere.policy.domain.policy_test import PolicyTestEnd
from plexsphere.policy.domain.rule import Cidr, Rule
from plexsphere.policy.domain.selector import Selector
from plexsphere.policy.domain.side import ADDRESS_BITS, AppliedPolicy, AppliedTest, Link, Side, SideKey


def applied(policy: NetworkPolicy, side: Callable[[SideKey], Side]) -> AppliedPolicy:
    """Return the policy as it is at its head, between sides."""
    head = policy.head
    return AppliedPolicy(policy.id, head.number, head.digest(), links_of(head, side), tests_of(policy, side))


def links_of(revision: Revision, side: Callable[[SideKey], Side]) -> tuple[Link, ...]:
    """
    Return the links of the rules that speak of some node: the mesh is IPv4.

    The link of a `log` rule lets nothing through and stops nothing.
    """
    return tuple(
        _link(position, rule, revision, side)
        for position, rule in enumerate(revision.rules)
        if isinstance(rule.source_cidr, IPv4Network)
    )


def tests_of(policy: NetworkPolicy, side: Callable[[SideKey], Side]) -> tuple[AppliedTest, ...]:
    """Return the tests of the policy's head, each between its two sides."""
    return tuple(
        AppliedTest(policy.slug, test, side(_end(test.source)), side(_end(test.destination)))
        for test in policy.head.tests
    )


def _end(end: PolicyTestEnd) -> SideKey:
    return (
        SideKey(end.selector, 0, 0)
        if end.mesh_ip is None
        else SideKey(end.selector, int(end.mesh_ip), ADDRESS_BITS)
    )


def _link(position: int, rule: Rule, revision: Revision, side: Callable[[SideKey], Side]) -> Link:
    source = side(_key(revision.selector.source, rule.source_cidr))
    destination = side(_key(revision.selector.destination, rule.destination_cidr))
    return Link(position, rule.action, rule.traffic, source, destination)


def _key(selector: Selector, cidr: Cidr) -> SideKey:
    prefix = cidr.prefixlen
    return SideKey(selector, int(cidr.network_address) >> (ADDRESS_BITS - prefix), prefix)
