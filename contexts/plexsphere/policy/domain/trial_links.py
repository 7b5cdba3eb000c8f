"""The links that would be in force with one policy changed."""

from collections.abc import Iterable, Iterator

from plexsphere.platform.kernel.ids import PolicyId
from plexsphere.policy.domain.side import AppliedPolicy, Link, Side
from plexsphere.policy.domain.trial_cells import TrialCells


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
