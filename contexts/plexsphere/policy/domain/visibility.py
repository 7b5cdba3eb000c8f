"""
Who sees whom (design D16): the law, over sets of classes.

Default deny. Two nodes of one Project see each other if in either direction some traffic is left: a rule allows
it, and no single rule that denies between the same two ends covers all of its protocol and ports.
"""

import typing
from collections.abc import Iterable
from functools import reduce
from operator import or_

from plexsphere.policy.domain.coverage import left_of
from plexsphere.policy.domain.rule import Action
from plexsphere.policy.domain.side import Link, Side
from plexsphere.policy.domain.traffic import Protocol, Traffic


class Links(typing.Protocol):
    """The links in force, and the classes each side picks."""

    def sent_by(self, side: Side) -> Iterable[Link]:
        """Return the links that start at the side."""
        ...

    def received_by(self, side: Side) -> Iterable[Link]:
        """Return the links that end at the side."""
        ...

    def classes_of(self, side: Side) -> int:
        """Return the slots of the classes the side picks."""
        ...


def visible_to(sides: Iterable[Side], links: Links) -> int:
    """
    Return the slots of the classes whose members a node on these sides sees, and is seen by.

    The node's own class is among them when two of its members see each other; a node never sees itself.
    """
    sent = [(link, links.classes_of(link.destination)) for side in sides for link in links.sent_by(side)]
    received = [(link, links.classes_of(link.source)) for side in sides for link in links.received_by(side)]
    return _reached(sent) | _reached(received)


def reached_from(sides: Iterable[Side], traffic: Traffic, links: Links) -> int:
    """
    Return the slots of the classes to whose members a node on these sides may send the traffic.

    `any` asks for those to whom it may send something: for `visible_to` that is enough in either direction.
    """
    sent = [(link, links.classes_of(link.destination)) for side in sides for link in links.sent_by(side)]
    if traffic.protocol is Protocol.ANY:
        return _reached(sent)
    about = [(link.action, classes) for link, classes in sent if link.traffic.includes(traffic)]
    return _united(Action.ALLOW, about) & ~_united(Action.DENY, about)


def _united(action: Action, ends: Iterable[tuple[Action, int]]) -> int:
    return reduce(or_, (classes for each, classes in ends if each is action), 0)


def _reached(ends: list[tuple[Link, int]]) -> int:
    return left_of(
        [(link.traffic, classes) for link, classes in ends if link.action is Action.ALLOW],
        [(link.traffic, classes) for link, classes in ends if link.action is Action.DENY],
    )
