"""What a change does to who sees whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.bitset import Sizes, bits
from plexsphere.policy.domain.verdicts import FailedTest


class PairGroup(NamedTuple):
    """All pairs of a node of one set with a node of the other; all pairs within, where both are the same set."""

    one: frozenset[NodeId]
    other: frozenset[NodeId]


class PairSet:
    """
    Pairs of nodes, held as blocks of nodes with the same partners.

    `rows` says for each block, in bits, which blocks its nodes are paired with; it is symmetric. The space taken is
    a bit for two blocks, however many nodes they hold.
    """

    __slots__ = ("_blocks", "_rows", "_sizes", "count")

    def __init__(self, blocks: Mapping[int, frozenset[NodeId]], rows: Mapping[int, int]) -> None:
        self._blocks = blocks
        self._rows = rows
        self._sizes = Sizes()
        for number in rows:
            self._sizes.change(number, 0, len(blocks[number]))
        self.count = sum(len(blocks[number]) * self.partner_count(number) for number in rows) // 2

    def groups(self) -> Iterator[PairGroup]:
        """Yield groups that hold each pair exactly once."""
        for number, row in self._rows.items():
            for other in bits(row >> number):
                yield PairGroup(self._blocks[number], self._blocks[number + other])

    def partner_count(self, number: int) -> int:
        """Return how many partners each node of the block has."""
        row = self._rows.get(number, 0)
        return self._sizes.total(row) - (row >> number & 1)

    def partners(self, number: int) -> frozenset[NodeId]:
        """Return all partners of the block's nodes, a node itself included when its block is paired with itself."""
        return _NOBODY.union(*(self._blocks[other] for other in bits(self._rows.get(number, 0))))


@dataclass(frozen=True, slots=True)
class RecipientChange:
    """
    What one node gains and loses sight of.

    `is_too_long` is true when there are more than the bound asked for: the counts are right, the lists empty.
    """

    node_id: NodeId
    gained: frozenset[NodeId]
    lost: frozenset[NodeId]
    gained_count: int
    lost_count: int
    is_too_long: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """
    The pairs that begin and cease to see each other, and the nodes whose compiled rules change.

    `pairs_before` counts all visible pairs of the Domain before the change. `recompiled` misses no node whose rules
    change; it may hold one whose rules come out the same after all. A node that leaves is a partner in what is
    lost, and is not in `recompiled`. `most_rules` is how many rules a policy leaves the node that has most by it;
    0 where no policy comes. `unreachable` are the nodes that would lose their last peer, `failed_tests` the policy
    tests of the Project that would not hold, of `test_count` that it would have, of which `unjudged_tests` took too
    long to judge; a change of a node tells none of these.
    """

    pairs_before: int
    blocks: Mapping[int, frozenset[NodeId]]
    gained: PairSet
    lost: PairSet
    recompiled: frozenset[NodeId]
    most_rules: int = 0
    unreachable: frozenset[NodeId] = frozenset()
    failed_tests: tuple[FailedTest, ...] = ()
    test_count: int = 0
    unjudged_tests: int = 0

    @classmethod
    def none(cls, pairs_before: int) -> Self:
        """Return the difference of a change that changes nothing."""
        return cls(pairs_before, {}, PairSet({}, {}), PairSet({}, {}), frozenset())

    @classmethod
    def between(
        cls,
        node_id: NodeId,
        gained: frozenset[NodeId],
        lost: frozenset[NodeId],
        *,
        pairs_before: int,
        recompiled: frozenset[NodeId],
    ) -> Self:
        """Return the difference of one node gaining and losing these peers."""
        blocks = {0: frozenset([node_id]), 1: gained, 2: lost}
        gained_pairs = PairSet(blocks, {0: 0b010, 1: 0b001} if gained else {})
        lost_pairs = PairSet(blocks, {0: 0b100, 2: 0b001} if lost else {})
        return cls(pairs_before, blocks, gained_pairs, lost_pairs, recompiled)

    @property
    def pairs_gained(self) -> int:
        return self.gained.count

    @property
    def pairs_lost(self) -> int:
        return self.lost.count

    @property
    def is_empty(self) -> bool:
        """Nobody gains or loses a peer, and no rules change."""
        return not (self.pairs_gained or self.pairs_lost or self.recompiled)

    def by_recipient(self, bound: int) -> Iterator[RecipientChange]:
        """Yield what changes for each node that gains or loses a peer, with at most `bound` peers named for each."""
        for number, block in self.blocks.items():
            counts = self.gained.partner_count(number), self.lost.partner_count(number)
            if sum(counts) > bound:
                yield from (RecipientChange(node, _NOBODY, _NOBODY, *counts, True) for node in block)
            elif any(counts):
                gained, lost = self.gained.partners(number), self.lost.partners(number)
                yield from (
                    RecipientChange(node, gained - {node}, lost - {node}, *counts, False) for node in block
                )


_NOBODY: frozenset[NodeId] = frozenset()
