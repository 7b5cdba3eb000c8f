"""One end of a rule: the nodes a selector and a range of addresses pick together."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from plexsphere.platform.kernel.ids import PolicyId
from plexsphere.policy.domain.policy_test import PolicyTest
from plexsphere.policy.domain.rule import Action
from plexsphere.policy.domain.selector import Selector
from plexsphere.policy.domain.traffic import Traffic

ADDRESS_BITS: Final = 32


class SideKey(NamedTuple):
    """What makes two ends the same: the selector and the range, as its first bits and their count."""

    selector: Selector
    leading: int
    prefix: int

    @property
    def low(self) -> int:
        return self.leading << (ADDRESS_BITS - self.prefix)

    @property
    def high(self) -> int:
        return self.low + (1 << (ADDRESS_BITS - self.prefix)) - 1


class Side:
    """
    An end that some rule of the Project has, shared by all rules that have it.

    `classes` is the set of the slots of the classes picked; `addresses` the sum of the marks of the addresses
    picked, modulo 2**128; `sends` and `receives` the links that start and end here, by policy; `tested` the policies
    of whose tests this is an end; `cidrs` the picked addresses as ranges, or None until somebody asks.
    """

    __slots__ = ("addresses", "cidrs", "classes", "key", "receives", "sends", "tested")

    def __init__(self, key: SideKey) -> None:
        self.key = key
        self.classes = 0
        self.addresses = 0
        self.cidrs: tuple[str, ...] | None = None
        self.sends: dict[AppliedPolicy, list[Link]] = {}
        self.receives: dict[AppliedPolicy, list[Link]] = {}
        self.tested: set[AppliedPolicy] = set()

    @property
    def is_idle(self) -> bool:
        """No rule and no test has this end any more."""
        return not (self.sends or self.receives or self.tested)


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A rule that allows or denies, between its two sides; `position` is its place in the revision."""

    position: int
    action: Action
    traffic: Traffic
    source: Side
    destination: Side

    @property
    def meaning(self) -> tuple[Action, Traffic, Side, Side]:
        """What the rule does, wherever it stands."""
        return self.action, self.traffic, self.source, self.destination


@dataclass(frozen=True, slots=True, eq=False)
class AppliedTest:
    """A test of a policy, between its two sides."""

    slug: str
    test: PolicyTest
    source: Side
    destination: Side


@dataclass(frozen=True, slots=True, eq=False)
class AppliedPolicy:
    """A policy in force: the number and digest of its head revision, the links of its rules, and its tests."""

    policy_id: PolicyId
    number: int
    digest: bytes
    links: tuple[Link, ...]
    tests: tuple[AppliedTest, ...] = ()
