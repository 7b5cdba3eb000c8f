"""The links that are in force, and those that would be with one policy changed, over the cells of a trial."""

from collections.abc import Iterable, Iterator
from itertools import chain

from plexsphere.platform.kernel.ids import PolicyId
from plexsphere.policy.domain.side import AppliedPolicy, Link, Side
from plexsphere.policy.domain.trial_cells import TrialCells


class StandingLinks:
    """The links that are in force now."""

    def __init__(self, cells: TrialCells) -> None:
        self._cells = cells

    def sent_by(self, side: Side) -> Iterable[Link]:
        return chain.from_iterable(side.sends.values())

    def received_by(self, side: Side) -> Iterable[Link]:
        return chain.from_iterable(side.receives.values())

    def classes_of(self, side: Side) -> int:
        return self._cells.slots_of(side)


class TrialLinks:
    """The links of all other policies, and these in place of the policy's own."""

    def __init__(self, policy_id: PolicyId, links: Iterable[Link], cells: TrialCells) -> None:
        self._policy_id = policy_id
        self._cells = cells
        self._sends: dict[Side, list[Link]] = {}
        self._receives: dict[Side, list[Link]] = {}
        for link in links:
            self._sends.setdefault(link.source, []).append(link)
            self._receives.setdefault(link.destination, []).append(link)

    def sent_by(self, side: Side) -> Iterable[Link]:
        yield from self._others(side.sends)
        yield from self._sends.get(side, ())

    def received_by(self, side: Side) -> Iterable[Link]:
        yield from self._others(side.receives)
        yield from self._receives.get(side, ())

    def classes_of(self, side: Side) -> int:
        return self._cells.slots_of(side)

    def _others(self, links: dict[AppliedPolicy, list[Link]]) -> Iterator[Link]:
        for policy, standing in links.items():
            if policy.policy_id != self._policy_id:
                yield from standing
