"""How many rules a node may have to enforce, and how many a policy would give it (decision 0035)."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from plexsphere.policy.domain.errors import PolicyTooLarge
from plexsphere.policy.domain.rule import Action
from plexsphere.policy.domain.side import Link, Side
from plexsphere.policy.domain.visibility import Links

# About a megabyte in a node's state; all that a thousand scattered peers need under five policies of all to all.
MOST_RULES: Final = 10_000


class RuleCount(NamedTuple):
    """Rules that deny, and all rules."""

    denying: int = 0
    total: int = 0

    def plus(self, other: "RuleCount") -> "RuleCount":
        return RuleCount(self.denying + other.denying, self.total + other.total)

    def weighed(self, *, allows: bool) -> int:
        """
        Return what a policy is measured by, one that only denies by denials alone.

        So a node that has too many rules already keeps nobody from stopping traffic.
        """
        return self.total if allows else self.denying


class RuleCounts:
    """
    Counts the rules of nodes by the sides they are on; `ranges` says how many ranges a side's addresses make.

    Rules that come out the same are counted apart: nobody compiles anything to count.
    """

    def __init__(self, links: Links, ranges: Callable[[Side], int]) -> None:
        self._links = links
        self._ranges = ranges
        self._at: dict[Side, RuleCount] = {}

    def of(self, sides: Iterable[Side]) -> RuleCount:
        """Return what a node on these sides has to enforce."""
        count = RuleCount()
        for side in sides:
            count = count.plus(self._of(side))
        return count

    def _of(self, side: Side) -> RuleCount:
        found = self._at.get(side)
        if found is None:
            sent = [(link, link.destination) for link in self._links.sent_by(side)]
            received = [(link, link.source) for link in self._links.received_by(side)]
            found = self._at[side] = self._sum([*sent, *received])
        return found

    def _sum(self, ends: list[tuple[Link, Side]]) -> RuleCount:
        # What is only noted is left out first, and stands in the way of no policy.
        counted = [(link.action, self._ranges(far)) for link, far in ends if link.action is not Action.LOG]
        denying = sum(ranges for action, ranges in counted if action is Action.DENY)
        return RuleCount(denying, sum(ranges for _, ranges in counted))


def require_bearable(most_rules: int) -> None:
    """
    Let a policy pass if no node gets more rules by it than it may have to enforce.

    Raises:
        PolicyTooLarge: some node would.
    """
    if most_rules > MOST_RULES:
        raise PolicyTooLarge(most_rules, MOST_RULES)
