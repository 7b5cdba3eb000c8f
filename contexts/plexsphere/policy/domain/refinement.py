"""How sides that are new to a Project would divide its classes."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from plexsphere.policy.domain.member_class import MemberClass, Seat
from plexsphere.policy.domain.roster import Roster
from plexsphere.policy.domain.selector import Selector
from plexsphere.policy.domain.side import Side


@dataclass(frozen=True, slots=True)
class Cell:
    """The members of a class that the same new sides pick, one at least."""

    whole: MemberClass
    added: tuple[Side, ...]
    seats: tuple[Seat, ...]


def cells_of(roster: Roster, sides: Iterable[Side]) -> tuple[Cell, ...]:
    """Return the cells; members that no new side picks are in none."""
    picked: dict[Seat, list[Side]] = {}
    for selector, sharing in _by_selector(sides).items():
        for side, seats in _picked(roster, selector, sharing):
            for seat in seats:
                picked.setdefault(seat, []).append(side)
    grouped: dict[tuple[MemberClass, tuple[Side, ...]], list[Seat]] = {}
    for seat, added in picked.items():
        grouped.setdefault((seat.home, tuple(added)), []).append(seat)
    return tuple(Cell(whole, added, tuple(seats)) for (whole, added), seats in grouped.items())


def _by_selector(sides: Iterable[Side]) -> dict[Selector, list[Side]]:
    grouped: dict[Selector, list[Side]] = {}
    for side in sides:
        grouped.setdefault(side.key.selector, []).append(side)
    return grouped


def _picked(roster: Roster, selector: Selector, sides: list[Side]) -> Iterable[tuple[Side, list[Seat]]]:
    low, high = min(side.key.low for side in sides), max(side.key.high for side in sides)
    seats = roster.selected(selector, low, high)
    addresses = [seat.address for seat in seats]
    for side in sides:
        first = bisect_left(addresses, side.key.low)
        yield side, seats[first : bisect_left(addresses, side.key.high + 1)]
