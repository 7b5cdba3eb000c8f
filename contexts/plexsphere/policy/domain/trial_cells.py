"""The classes of a Project as new sides would divide them, without dividing them."""

from collections.abc import Iterable
from dataclasses import dataclass

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.bitset import bits
from plexsphere.policy.domain.member_class import MemberClass
from plexsphere.policy.domain.partition import Partition
from plexsphere.policy.domain.refinement import Cell
from plexsphere.policy.domain.side import Side


@dataclass(frozen=True, slots=True)
class TrialCell:
    """A part of a class, or all of it, with the sides it has and would have."""

    whole: MemberClass
    sides: frozenset[Side]
    nodes: frozenset[NodeId]


class TrialCells:
    """
    Cells by slot: a class's slot stands for what is left of it, or for its first part; further parts get slots
    beyond all in use. `fresh` are the new sides; their `classes` hold the slots of the cells they would pick.
    """

    def __init__(self, partition: Partition, cells: Iterable[Cell], fresh: frozenset[Side]) -> None:
        self._partition = partition
        self._fresh = fresh
        self._cells: dict[int, TrialCell] = {}
        self._parts: dict[int, int] = {}
        self._divided = 0
        self._end = partition.end
        for whole, parts in _by_class(cells).items():
            self._divide(whole, parts)

    def at(self, slot: int) -> TrialCell:
        cell = self._cells.get(slot)
        if cell is None:
            whole = self._partition.at(slot)
            cell = self._cells[slot] = TrialCell(whole, whole.sides, frozenset(whole.members))
        return cell

    def slots_of(self, side: Side) -> int:
        """Return the slots of the cells the side picks."""
        return side.classes if side in self._fresh else self.spread(side.classes)

    def spread(self, slots: int) -> int:
        """Return the slots of all cells of these classes."""
        for slot in bits(slots & self._divided):
            slots |= self._parts[slot]
        return slots

    def _divide(self, whole: MemberClass, parts: list[Cell]) -> None:
        rest = whole.members.keys() - {seat.member.node_id for part in parts for seat in part.seats}
        slot = whole.slot
        if rest:
            self._cells[slot] = TrialCell(whole, whole.sides, frozenset(rest))
            slot = self._next(whole)
        for number, part in enumerate(parts):
            self._place(slot if number == 0 else self._next(whole), part)

    def _place(self, slot: int, part: Cell) -> None:
        nodes = frozenset(seat.member.node_id for seat in part.seats)
        self._cells[slot] = TrialCell(part.whole, part.whole.sides.union(part.added), nodes)
        for side in part.added:
            side.classes |= 1 << slot

    def _next(self, whole: MemberClass) -> int:
        slot, self._end = self._end, self._end + 1
        self._divided |= 1 << whole.slot
        self._parts[whole.slot] = self._parts.get(whole.slot, 0) | 1 << slot
        return slot


def _by_class(cells: Iterable[Cell]) -> dict[MemberClass, list[Cell]]:
    grouped: dict[MemberClass, list[Cell]] = {}
    for cell in cells:
        grouped.setdefault(cell.whole, []).append(cell)
    return grouped
