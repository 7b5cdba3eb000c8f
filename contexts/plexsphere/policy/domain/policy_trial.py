"""What a changed policy would do, told without changing anything."""

from collections.abc import Callable, Iterable, Sequence

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.bitset import bits
from plexsphere.policy.domain.difference import Difference, PairSet
from plexsphere.policy.domain.partition import Partition
from plexsphere.policy.domain.rule import Action
from plexsphere.policy.domain.rule_limit import RuleCounts
from plexsphere.policy.domain.side import AppliedPolicy, AppliedTest, Side
from plexsphere.policy.domain.trial_cells import TrialCells
from plexsphere.policy.domain.trial_links import StandingLinks, TrialLinks
from plexsphere.policy.domain.verdicts import Judgement, Verdicts
from plexsphere.policy.domain.visibility import visible_to


class PolicyTrial:
    """
    A Project with one policy's links and tests replaced.

    Only classes at both ends of a link that comes or goes are looked at: no other pair can change.
    """

    def __init__(
        self, partition: Partition, cells: TrialCells, before: AppliedPolicy, after: AppliedPolicy
    ) -> None:
        self._partition = partition
        self._cells = cells
        self._links = TrialLinks(after.policy_id, after.links, cells)
        self._before = before.links
        self._after = after.links
        self._tests_before = {each.test for each in before.tests}
        self._tests = after.tests

    def difference(
        self, pairs_before: int, ranges: Callable[[Side], int], others: Sequence[AppliedTest]
    ) -> Difference:
        """
        Return what would change; `pairs_before` counts the visible pairs of the Domain.

        `ranges` says how many ranges the addresses of a side make; `others` are the tests of all other policies.
        """
        gained: dict[int, int] = {}
        lost: dict[int, int] = {}
        lonely: list[int] = []
        for slot in bits(self._in_question()):
            seen = self._others(slot, self._seen(slot))
            sees = self._others(slot, visible_to(self._cells.at(slot).sides, self._links))
            _note(gained, slot, sees & ~seen)
            _note(lost, slot, seen & ~sees)
            if seen and not sees:
                lonely.append(slot)
        blocks = {slot: self._cells.at(slot).nodes for slot in gained.keys() | lost.keys()}
        judgement = self._judgement(others)
        return Difference(
            pairs_before=pairs_before,
            blocks=blocks,
            gained=PairSet(blocks, gained),
            lost=PairSet(blocks, lost),
            recompiled=self._recompiled(),
            unreachable=frozenset[NodeId]().union(*(self._cells.at(slot).nodes for slot in lonely)),
            most_rules=self._most_rules(RuleCounts(self._links, ranges)),
            failed_tests=judgement.failed,
            unjudged_tests=judgement.unjudged,
            test_count=len(others) + len(self._tests),
        )

    def _judgement(self, others: Sequence[AppliedTest]) -> Judgement:
        kept = [each for each in self._tests if each.test in self._tests_before]
        brought = [each for each in self._tests if each.test not in self._tests_before]
        verdicts = Verdicts(self._cells, StandingLinks(self._cells), self._links)
        return verdicts.judge([*others, *kept], brought)

    def _most_rules(self, counts: RuleCounts) -> int:
        allows = any(link.action is Action.ALLOW for link in self._after)
        slots = bits(self._ends((link.source, link.destination) for link in self._after))
        weighed = (counts.of(self._cells.at(slot).sides).weighed(allows=allows) for slot in slots)
        return max(weighed, default=0)

    def _seen(self, slot: int) -> int:
        return self._cells.spread(self._partition.visible(self._cells.at(slot).whole))

    def _others(self, slot: int, row: int) -> int:
        """Return the row without the cell itself, where that is one node alone."""
        return row & ~(1 << slot) if len(self._cells.at(slot).nodes) == 1 else row

    def _in_question(self) -> int:
        before, after = (
            {link.meaning for link in links if link.action is not Action.LOG}
            for links in (self._before, self._after)
        )
        return self._ends((source, destination) for _, _, source, destination in before ^ after)

    def _recompiled(self) -> frozenset[NodeId]:
        slots = self._ends((link.source, link.destination) for link in (*self._before, *self._after))
        return frozenset[NodeId]().union(*(self._cells.at(slot).nodes for slot in bits(slots)))

    def _ends(self, pairs: Iterable[tuple[Side, Side]]) -> int:
        slots = 0
        for source, destination in pairs:
            sending, receiving = self._cells.slots_of(source), self._cells.slots_of(destination)
            slots |= sending | receiving if sending and receiving else 0
        return slots


def _note(rows: dict[int, int], slot: int, row: int) -> None:
    if row:
        rows[slot] = row
