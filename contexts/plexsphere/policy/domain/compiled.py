"""
Rules in the agents' form (design D16; plexd.md, Reconciliation & State).

A policy that applies to a node becomes at most three entries: what it denies, what it allows, and what it only notes.
All entries that deny come before all that allow, and those before all that note, each kind in the order of the
policies' ids, which is the order of their making.
Denial outweighs permission between policies too; so a reader that stops at the first match, across the whole list,
decides as one that reads all of it. Where there are more rules than a node may have to enforce, the last that allow
are left out: less is open then, never more (decision 0035). An entry's id names its policy, the revision's number and
the rules themselves, for agents compare entries by id alone.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from hashlib import blake2b
from itertools import groupby, islice
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
    """
    An entry of a node's state: rules under an id that changes whenever they do.

    What is only to be noted stands apart from them: a reader of `rules` alone enforces what one does that knows both.
    """

    id: str
    rules: tuple[AgentRule, ...]
    log_rules: tuple[AgentRule, ...] = ()


class Template(NamedTuple):
    """The entries for any node of a class, its own address still `OWN`; `is_cut` where there were too many rules."""

    entries: tuple[AgentPolicy, ...]
    is_cut: bool


def template(uses: Iterable[Use], cidrs_of: Callable[[Side], tuple[str, ...]], most: int) -> Template:
    """
    Return the entries for any node that the uses are of; empty ones are left out.

    There are at most `most` rules in them: rules that allow are left out from the end. Where those that deny are
    more already, there are none at all, for nothing is open without a rule. Notes get what room is left.
    """
    ordered = sorted(uses, key=lambda use: use.order)
    denials = _entries(Action.DENY, ordered, cidrs_of, most + 1)
    left = most - _size(denials)
    if left < 0:
        return Template((), is_cut=True)
    # One more than there is room for tells whether any is left out.
    permissions = _entries(Action.ALLOW, ordered, cidrs_of, left + 1)
    if is_cut := _size(permissions) > left:
        permissions = _entries(Action.ALLOW, ordered, cidrs_of, left)
    notes = _entries(Action.LOG, ordered, cidrs_of, left - _size(permissions))
    return Template(
        (*denials, *permissions, *(AgentPolicy(id_, (), rules) for id_, rules, _ in notes)), is_cut
    )


def addressed(entries: Iterable[AgentPolicy], address: int) -> tuple[AgentPolicy, ...]:
    """Return a template's entries for the node at the address."""
    own = host(address)
    return tuple(
        AgentPolicy(entry.id, _all_own(entry.rules, own), _all_own(entry.log_rules, own)) for entry in entries
    )


def _all_own(rules: Iterable[AgentRule], own: str) -> tuple[AgentRule, ...]:
    return tuple(_own(rule, own) for rule in rules)


def _own(rule: AgentRule, own: str) -> AgentRule:
    return rule._replace(src=rule.src.replace(OWN, own), dst=rule.dst.replace(OWN, own))


def _entries(
    action: Action, ordered: Iterable[Use], cidrs_of: Callable[[Side], tuple[str, ...]], most: int
) -> list[AgentPolicy]:
    entries: list[AgentPolicy] = []
    for policy, group in groupby(ordered, key=lambda use: use.policy):
        rules = _rules(OWN, (use for use in group if use.link.action is action), cidrs_of, most)
        most -= len(rules)
        if rules:
            entries.append(AgentPolicy(_entry_id(policy, rules), rules))
    return entries


def _size(entries: Iterable[AgentPolicy]) -> int:
    return sum(len(entry.rules) for entry in entries)


def _rules(
    own: str, uses: Iterable[Use], cidrs_of: Callable[[Side], tuple[str, ...]], most: int
) -> tuple[AgentRule, ...]:
    rules: dict[AgentRule, None] = {}
    for use in uses:
        if len(rules) >= most:
            break
        tail = _tail(use.link.action, use.link.traffic)
        ends = cidrs_of(use.far_side)
        if use.role is Role.SOURCE:
            rules.update((AgentRule(own, cidr, *tail), None) for cidr in ends)
        else:
            rules.update((AgentRule(cidr, own, *tail), None) for cidr in ends)
    return tuple(islice(rules, most))


def _tail(action: Action, traffic: Traffic) -> tuple[int, str, str, int | None, int | None]:
    protocol = "" if traffic.protocol is Protocol.ANY else traffic.protocol.value
    if traffic.first == traffic.last:
        return traffic.first, protocol, action.value, None, None
    port = traffic.first if action is Action.ALLOW else 0
    return port, protocol, action.value, traffic.first, traffic.last


def _entry_id(policy: AppliedPolicy, rules: Iterable[AgentRule]) -> str:
    text = "\n".join([f"{r[0]} {r[1]} {r[2]} {r[3]} {r[4]} {r[5]} {r[6]}" for r in rules])
    return f"{policy.policy_id}.{policy.number}.{blake2b(text.encode(), digest_size=4).hexdigest()}"
