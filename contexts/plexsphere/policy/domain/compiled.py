"""
Rules in the agents' form (design D16; plexd.md, Reconciliation & State).

A policy that applies to a node becomes at most two entries: what it denies, and what it allows. All entries that
deny come before all that allow, each kind in the order of the policies' ids, which is the order of their making.
Denial outweighs permission between policies too; so a reader that stops at the first match, across the whole list,
decides as one that reads all of it. An entry's id names its policy, the revision's number and the rules themselves,
for agents compare entries by id alone.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from hashlib import blake2b
from itertools import groupby
from typing import Final, NamedTuple

from plexsphere.policy.domain.aggregate import host
from plexsphere.policy.domain.rule import Action
from plexsphere.policy.domain.side import AppliedPolicy, Link, Side
from plexsphere.policy.domain.traffic import Protocol, Traffic

# Where a node's own address stands in rules that all nodes of its class share; no CIDR has a brace.
OWN: Final = "{own}"


class Role(IntEnum):
    """At which end of a link a node stands."""

    SOURCE = 0
    DESTINATION = 1


class Use(NamedTuple):
    """A link of a policy that applies to a node in a role."""

    policy: AppliedPolicy
    role: Role
    link: Link

    @property
    def far_side(self) -> Side:
        return self.link.destination if self.role is Role.SOURCE else self.link.source

    @property
    def order(self) -> tuple[int, int, int]:
        """Policies by id, rules as written, source before destination."""
        return self.policy.policy_id.int, self.link.position, self.role


class AgentRule(NamedTuple):
    """
    One rule as an agent reads it.

    An empty protocol and port 0 mean "any". A range of more than one port has `port_from` and `port_to`; its `port`
    is the first on allow and 0 on deny, so that a reader of `port` alone opens less, never more.
    """

    src: str
    dst: str
    port: int
    protocol: str
    action: str
    port_from: int | None = None
    port_to: int | None = None


class AgentPolicy(NamedTuple):
    """An entry of a node's state: rules under an id that changes whenever they do."""

    id: str
    rules: tuple[AgentRule, ...]


def template(uses: Iterable[Use], cidrs_of: Callable[[Side], tuple[str, ...]]) -> tuple[AgentPolicy, ...]:
    """Return the entries for any node that the uses are of, its own address still `OWN`; empty ones are left out."""
    ordered = sorted(uses, key=lambda use: use.order)
    return tuple(
        AgentPolicy(_entry_id(policy, rules), rules)
        for action in (Action.DENY, Action.ALLOW)
        for policy, group in groupby(ordered, key=lambda use: use.policy)
        if (rules := _rules(OWN, (use for use in group if use.link.action is action), cidrs_of))
    )


def addressed(entries: Iterable[AgentPolicy], address: int) -> tuple[AgentPolicy, ...]:
    """Return a template's entries for the node at the address."""
    own = host(address)
    return tuple(AgentPolicy(entry.id, tuple(_own(rule, own) for rule in entry.rules)) for entry in entries)


def _own(rule: AgentRule, own: str) -> AgentRule:
    return rule._replace(src=rule.src.replace(OWN, own), dst=rule.dst.replace(OWN, own))


def _rules(
    own: str, uses: Iterable[Use], cidrs_of: Callable[[Side], tuple[str, ...]]
) -> tuple[AgentRule, ...]:
    rules: dict[AgentRule, None] = {}
    for use in uses:
        tail = _tail(use.link.action, use.link.traffic)
        ends = cidrs_of(use.far_side)
        if use.role is Role.SOURCE:
            rules.update((AgentRule(own, cidr, *tail), None) for cidr in ends)
        else:
            rules.update((AgentRule(cidr, own, *tail), None) for cidr in ends)
    return tuple(rules)


def _tail(action: Action, traffic: Traffic) -> tuple[int, str, str, int | None, int | None]:
    protocol = "" if traffic.protocol is Protocol.ANY else traffic.protocol.value
    if traffic.first == traffic.last:
        return traffic.first, protocol, action.value, None, None
    port = traffic.first if action is Action.ALLOW else 0
    return port, protocol, action.value, traffic.first, traffic.last


def _entry_id(policy: AppliedPolicy, rules: Iterable[AgentRule]) -> str:
    text = "\n".join([f"{r[0]} {r[1]} {r[2]} {r[3]} {r[4]} {r[5]} {r[6]}" for r in rules])
    return f"{policy.policy_id}.{policy.number}.{blake2b(text.encode(), digest_size=4).hexdigest()}"
