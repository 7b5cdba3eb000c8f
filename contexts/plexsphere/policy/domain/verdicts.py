"""Which policy tests hold, before and after a change that is only thought of (decision 0045)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.bitset import bits
from plexsphere.policy.domain.policy_test import Expectation
from plexsphere.policy.domain.side import AppliedTest, Side
from plexsphere.policy.domain.traffic import Traffic
from plexsphere.policy.domain.trial_cells import TrialCells
from plexsphere.policy.domain.visibility import Links, reached_from


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


class _Group(NamedTuple):
    """The slots of the cells with the same senders: no link tells their members apart as sources."""

    slots: int
    before: frozenset[Side]
    after: frozenset[Side]


class Verdicts:
    """
    Judges tests over the cells of a trial, under the links that are in force and those that would be.

    Sources that the same links start from are judged once, whichever classes they are of.
    """

    def __init__(self, cells: TrialCells, before: Links, after: Links) -> None:
        self._cells = cells
        self._before, self._after = _Reach(before), _Reach(after)

    def failed(self, standing: Iterable[AppliedTest], fresh: Iterable[AppliedTest]) -> tuple[FailedTest, ...]:
        """Return the tests that would not hold, of those that are kept and of those that the change brings."""
        kept, brought = list(standing), list(fresh)
        groups = list(self._grouped([*kept, *brought]))
        verdicts = [self._of_kept(test, groups) for test in kept]
        return tuple(
            found for found in [*verdicts, *(self._of_brought(test, groups) for test in brought)] if found
        )

    def _of_kept(self, test: AppliedTest, groups: Iterable[_Group]) -> FailedTest | None:
        wrong_before = None
        for sources, group in self._sources(test, groups):
            wrong = self._wrong(test, self._after.of(group.after, test.test.traffic))
            worse = wrong & ~self._wrong(test, self._before.of(group.before, test.test.traffic))
            if pair := self._pair(sources, worse):
                return FailedTest(test.slug, test.test.name, True, *pair)
            wrong_before = wrong_before or self._pair(sources, wrong)
        return wrong_before and FailedTest(test.slug, test.test.name, False, *wrong_before)

    def _of_brought(self, test: AppliedTest, groups: Iterable[_Group]) -> FailedTest | None:
        for sources, group in self._sources(test, groups):
            if pair := self._pair(sources, self._wrong(test, self._after.of(group.after, test.test.traffic))):
                return FailedTest(test.slug, test.test.name, True, *pair)
        return None

    def _sources(self, test: AppliedTest, groups: Iterable[_Group]) -> Iterator[tuple[int, _Group]]:
        slots = self._cells.slots_of(test.source)
        return ((slots & group.slots, group) for group in groups if slots & group.slots)

    def _wrong(self, test: AppliedTest, reached: int) -> int:
        meant = self._cells.slots_of(test.destination)
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
            slots |= self._cells.slots_of(test.source)
        grouped: dict[tuple[frozenset[Side], frozenset[Side]], int] = {}
        for slot in bits(slots):
            sides = self._cells.at(slot).sides
            senders = self._before.senders(sides), self._after.senders(sides)
            grouped[senders] = grouped.get(senders, 0) | 1 << slot
        return (_Group(found, *senders) for senders, found in grouped.items())


class _Reach:
    """Whom senders reach with which traffic, worked out once for each."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._sends: dict[Side, bool] = {}
        self._rows: dict[tuple[frozenset[Side], Traffic], int] = {}

    def senders(self, sides: Iterable[Side]) -> frozenset[Side]:
        """Return those of the sides that some link starts from."""
        return frozenset(side for side in sides if self._is_sender(side))

    def of(self, senders: frozenset[Side], traffic: Traffic) -> int:
        """Return the slots that a node on these sides reaches."""
        key = senders, traffic
        if key not in self._rows:
            self._rows[key] = reached_from(senders, traffic, self._links)
        return self._rows[key]

    def _is_sender(self, side: Side) -> bool:
        if side not in self._sends:
            self._sends[side] = any(True for _ in self._links.sent_by(side))
        return self._sends[side]
