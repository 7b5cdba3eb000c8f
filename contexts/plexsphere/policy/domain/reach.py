"""Whom nodes reach with which traffic, worked out once for each side (design D16)."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import NamedTuple

from plexsphere.policy.domain.rule import Action
from plexsphere.policy.domain.side import Link, Side
from plexsphere.policy.domain.traffic import Protocol, Traffic
from plexsphere.policy.domain.visibility import Links, reached_from


class Exhausted(Exception):
    """More steps would be needed than may be taken."""


class Effort:
    """The steps that may still be taken."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """
        Take steps.

        Raises:
            Exhausted: there are not so many left.
        """
        self._left -= steps
        if self._left < 0:
            raise Exhausted


class _Ends(NamedTuple):
    """The slots at which a side's links allow a traffic, and deny it."""

    allowed: int
    denied: int


class Reach:
    """
    Whom senders reach.

    What one traffic may do is known by each side alone: a link denies all of it or nothing. So a side's links are
    walked once for each traffic, whoever stands on it.
    """

    def __init__(self, links: Links, effort: Effort) -> None:
        self._links = links
        self._effort = effort
        self._sent: dict[Side, tuple[Link, ...]] = {}
        self._classes: dict[Side, int] = {}
        self._ends: dict[tuple[Side, Traffic], _Ends] = {}
        self._rows: dict[tuple[frozenset[Side], Traffic], int] = {}

    def senders(self, sides: Iterable[Side]) -> frozenset[Side]:
        """Return those of the sides that some link starts from."""
        return frozenset(side for side in sides if self.sent_by(side))

    def of(self, senders: frozenset[Side], traffic: Traffic) -> int:
        """Return the slots that a node on these sides reaches; with `any`, to which it may send something."""
        key = senders, traffic
        if key not in self._rows:
            self._rows[key] = self._row(senders, traffic)
        return self._rows[key]

    def sent_by(self, side: Side) -> tuple[Link, ...]:
        """Return the links that start at the side."""
        if side not in self._sent:
            self._sent[side] = tuple(self._links.sent_by(side))
        return self._sent[side]

    def _row(self, senders: frozenset[Side], traffic: Traffic) -> int:
        if traffic.protocol is Protocol.ANY:
            self._effort.spend(sum(len(self.sent_by(side)) for side in senders))
            return reached_from(senders, self._links)
        self._effort.spend(len(senders))
        ends = [self._ends_of(side, traffic) for side in senders]
        return _united(each.allowed for each in ends) & ~_united(each.denied for each in ends)

    def _ends_of(self, side: Side, traffic: Traffic) -> _Ends:
        key = side, traffic
        if key not in self._ends:
            self._effort.spend(len(self.sent_by(side)))
            about = [link for link in self.sent_by(side) if link.traffic.includes(traffic)]
            self._ends[key] = _Ends(self._met(about, Action.ALLOW), self._met(about, Action.DENY))
        return self._ends[key]

    def _met(self, links: Iterable[Link], action: Action) -> int:
        return _united(self._classes_of(link.destination) for link in links if link.action is action)

    def _classes_of(self, side: Side) -> int:
        if side not in self._classes:
            self._classes[side] = self._links.classes_of(side)
        return self._classes[side]


def _united(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)
