"""
Who sees whom (design D16): the law, over sets of classes.

Default deny. Two nodes of one Project see each other if in either direction some traffic is left: a rule allows
it, and no single rule that denies between the same two ends covers all of its protocol and ports.
"""

import typing
from collections.abc import Collection, Iterable

from plexsphere.policy.domain.coverage import left_of
from plexsphere.policy.domain.rule import Action
from plexsphere.policy.domain.side import Link, Side


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


def visible_to(sides: Collection[Side], links: Links) -> int:
    """
    Return the slots of the classes whose members a node on these sides sees, and is seen by.

    The node's own class is among them when two of its members see each other; a node never sees itself.
    """
    received = [(link, links.classes_of(link.source)) for side in sides for link in links.received_by(side)]
    return reached_from(sides, links) | _reached(received)


def reached_from(sides: Collection[Side], links: Links) -> int:
    """
    Return the slots of the classes to whose members a node on these sides may send something.

    For `visible_to` that is enough in either direction.
    """
    return _reached(
        [(link, links.classes_of(link.destination)) for side in sides for link in links.sent_by(side)]
    )


def _reached(ends: list[tuple[Link, int]]) -> int:
    return left_of(
        [(link.traffic, classes) for link, classes in ends if link.action is Action.ALLOW],
        [(link.traffic, classes) for link, classes in ends if link.action is Action.DENY],
    )
