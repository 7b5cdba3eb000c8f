"""Which policy tests hold, before and after a change that is only thought of (decision 0045)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.bitset import bits
from plexsphere.policy.domain.policy_test import Expectation
from plexsphere.policy.domain.reach import Effort, Exhausted, Reach
from plexsphere.policy.domain.side import AppliedTest, Side
from plexsphere.policy.domain.trial_cells import TrialCells
from plexsphere.policy.domain.visibility import Links

# Judging is done in one go, in the turn of a Domain's mesh: so many steps are some tens of milliseconds.
MOST_STEPS: Final = 200_000


class FailedTest(NamedTuple):
    """
    A test that does not hold after the change, and a pair of nodes of which it does not.

    `by_change` is true where the change is to blame: it brings the test, or of this pair the test holds now.
    """

    slug: str
    name: str
    by_change: bool
    source: NodeId
    destination: NodeId


class Judgement(NamedTuple):
    """The tests that would not hold, of those that were judged; the others, which took too long, are `unjudged`."""

    failed: tuple[FailedTest, ...]
    unjudged: int


class _Group(NamedTuple):
    """The slots of the cells with the same senders: no link tells their members apart as sources."""

    slots: int
    before: frozenset[Side]
    after: frozenset[Side]


class Verdicts:
    """
    Judges tests over the cells of a trial, under the links that are in force and those that would be.

    Sources that the same links start from are judged once, whichever classes they are of. It stops after so many steps.
    """

    def __init__(self, cells: TrialCells, before: Links, after: Links, most_steps: int = MOST_STEPS) -> None:
        self._cells = cells
        self._effort = Effort(most_steps)
        self._before, self._after = Reach(before, self._effort), Reach(after, self._effort)
        self._slots: dict[Side, int] = {}

    def judge(self, standing: Sequence[AppliedTest], fresh: Sequence[AppliedTest]) -> Judgement:
        """Return the tests that would not hold, of those that are kept and of those that the change brings."""
        failed, judged = list[FailedTest](), 0
        try:
            for verdict in self._verdicts(standing, fresh):
                judged += 1
                failed += [verdict] if verdict else []
        except Exhausted:
            return Judgement(tuple(failed), len(standing) + len(fresh) - judged)
        return Judgement(tuple(failed), 0)

    def _verdicts(
        self, standing: Sequence[AppliedTest], fresh: Sequence[AppliedTest]
    ) -> Iterator[FailedTest | None]:
        groups = list(self._grouped([*standing, *fresh]))
        for test in standing:
            yield self._of_kept(test, groups)
        for test in fresh:
            yield self._of_brought(test, groups)

    def _of_kept(self, test: AppliedTest, groups: Sequence[_Group]) -> FailedTest | None:
        wrong_before = None
        for sources, group in self._sources(test, groups):
            wrong = self._wrong(test, self._after.of(group.after, test.test.traffic))
            worse = wrong & ~self._wrong(test, self._before.of(group.before, test.test.traffic))
            if pair := self._pair(sources, worse):
                return FailedTest(test.slug, test.test.name, True, *pair)
            wrong_before = wrong_before or self._pair(sources, wrong)
        return wrong_before and FailedTest(test.slug, test.test.name, False, *wrong_before)

    def _of_brought(self, test: AppliedTest, groups: Sequence[_Group]) -> FailedTest | None:
        for sources, group in self._sources(test, groups):
            if pair := self._pair(sources, self._wrong(test, self._after.of(group.after, test.test.traffic))):
                return FailedTest(test.slug, test.test.name, True, *pair)
        return None

    def _sources(self, test: AppliedTest, groups: Sequence[_Group]) -> Iterator[tuple[int, _Group]]:
        self._effort.spend(len(groups))
        slots = self._slots_of(test.source)
        return ((slots & group.slots, group) for group in groups if slots & group.slots)

    def _wrong(self, test: AppliedTest, reached: int) -> int:
        meant = self._slots_of(test.destination)
        return meant & ~reached if test.test.expect is Expectation.ALLOW else meant & reached

    def _pair(self, sources: int, destinations: int) -> tuple[NodeId, NodeId] | None:
        """Return a node of each set, not one node twice; a node never sends itself anything."""
        for source in bits(sources):
            for destination in bits(destinations):
                if pair := self._apart(source, destination):
                    return pair
        return None

    def _apart(self, source: int, destination: int) -> tuple[NodeId, NodeId] | None:
        one = min(self._cells.at(source).nodes)
        others = self._cells.at(destination).nodes - {one}
        return (one, min(others)) if others else None

    def _grouped(self, tests: Iterable[AppliedTest]) -> Iterator[_Group]:
        slots = 0
        for test in tests:
            slots |= self._slots_of(test.source)
        grouped: dict[tuple[frozenset[Side], frozenset[Side]], int] = {}
        for slot in bits(slots):
            sides = self._cells.at(slot).sides
            self._effort.spend(len(sides))
            senders = self._before.senders(sides), self._after.senders(sides)
            grouped[senders] = grouped.get(senders, 0) | 1 << slot
        return (_Group(found, *senders) for senders, found in grouped.items())

    def _slots_of(self, side: Side) -> int:
        if side not in self._slots:
            self._slots[side] = self._cells.slots_of(side)
        return self._slots[side]
