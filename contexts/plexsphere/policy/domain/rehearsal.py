"""What a change of a policy would do, told within bounds (rest contract, policies)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice, product
from typing import Final

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.difference import PairGroup, PairSet
from plexsphere.policy.domain.rule_diff import RuleDiff
from plexsphere.policy.domain.verdicts import FailedTest

MOST_NODES: Final = 10_000
MOST_PAIRS: Final = 1_000

Pair = tuple[NodeId, NodeId]


@dataclass(frozen=True, slots=True)
class NodeList:
    """Nodes, the first of them by name and all of them by count."""

    listed: tuple[NodeId, ...]
    count: int

    @classmethod
    def of(cls, nodes: Iterable[NodeId]) -> "NodeList":
        """Return at most 10,000 of the nodes, in the order of their ids."""
        ordered = sorted(nodes)
        return cls(tuple(ordered[:MOST_NODES]), len(ordered))


@dataclass(frozen=True, slots=True)
class PairList:
    """Pairs of nodes, some of them by name and all of them by count."""

    listed: tuple[Pair, ...]
    count: int

    @classmethod
    def of(cls, pairs: PairSet) -> "PairList":
        """Return at most 1,000 of the pairs; of no more than those it walks any."""
        found = islice(chain.from_iterable(map(_pairs, pairs.groups())), MOST_PAIRS)
        return cls(tuple(sorted(found)), pairs.count)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """
    What a change would do.

    `matched` are the nodes that the selectors mean at either end; `unreachable` those that would see nobody any more;
    `needs_confirmation` and `is_too_large` say what would stand in the way, beside tests that fail by the change.
    """

    matched: NodeList
    rule_diff: RuleDiff
    gained: PairList
    lost: PairList
    unreachable: NodeList
    needs_confirmation: bool
    is_too_large: bool
    failed_tests: tuple[FailedTest, ...]


def _pairs(group: PairGroup) -> Iterator[Pair]:
    found = combinations(group.one, 2) if group.one == group.other else product(group.one, group.other)
    return ((min(pair), max(pair)) for pair in found)
