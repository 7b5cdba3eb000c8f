"""The links that are in force now."""

from collections.abc import Iterable
from itertools import chain

from plexsphere.policy.domain.side import Link, Side


class LiveLinks:
    """Reads links and classes off the sides themselves."""

    def sent_by(self, side: Side) -> Iterable[Link]:
        return chain.from_iterable(side.sends.values())

    def received_by(self, side: Side) -> Iterable[Link]:
        return chain.from_iterable(side.receives.values())

    def classes_of(self, side: Side) -> int:
        return side.classes
