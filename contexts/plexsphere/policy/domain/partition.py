"""The members of a Project, divided into classes."""

from collections.abc import Iterable, Iterator

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.bitset import Sizes, bits
from plexsphere.policy.domain.member_class import MemberClass, Seat
from plexsphere.policy.domain.side import Side
from plexsphere.policy.domain.visibility import Links, visible_to
from plexsphere.policy.domain.weight import WEIGHT_MASK


class Partition:
    """
    The classes, what each sees, and how many pairs see each other.

    What a class sees is worked out when first asked for. A class that comes or goes with a member corrects what
    the classes in its sight remember; after the rules have changed `forget` must be called.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._by_sides: dict[frozenset[Side], MemberClass] = {}
        self._slots: list[MemberClass | None] = []
        self._free: list[int] = []
        self._sizes = Sizes()
        self._pairs: int | None = 0

    @property
    def end(self) -> int:
        """The first slot that was never in use."""
        return len(self._slots)

    def at(self, slot: int) -> MemberClass:
        found = self._slots[slot]
        if found is None:
            raise LookupError(slot)
        return found

    def classes(self, slots: int) -> Iterator[MemberClass]:
        return map(self.at, bits(slots))

    def nodes(self, slots: int) -> set[NodeId]:
        """Return the members of all classes in the slots."""
        found: set[NodeId] = set()
        for cls in self.classes(slots):
            found.update(cls.members)
        return found

    def visible(self, cls: MemberClass) -> int:
        """Return the slots of the classes that members of this class see."""
        if cls.visible is None:
            cls.visible = visible_to(cls.sides, self._links)
        return cls.visible

    def visible_from(self, sides: frozenset[Side]) -> int:
        """Return the slots of the classes that a node on these sides would see."""
        cls = self._by_sides.get(sides)
        return visible_to(sides, self._links) if cls is None else self.visible(cls)

    def peer_count(self, cls: MemberClass) -> int:
        """Return how many nodes each member of the class sees."""
        visible = self.visible(cls)
        return self._sizes.total(visible) - (visible >> cls.slot & 1)

    def pairs(self) -> int:
        """Return how many pairs of nodes see each other."""
        if self._pairs is None:
            self._pairs = sum(len(cls.members) * self.peer_count(cls) for cls in self._by_sides.values()) // 2
        return self._pairs

    def admit(self, seat: Seat, sides: frozenset[Side]) -> None:
        """Put a newcomer in the class of its sides."""
        cls = self._by_sides.get(sides)
        if cls is None:
            cls = self._open(sides)
            self._show(cls)
        self._enter(seat, cls)
        if self._pairs is not None:
            self._pairs += self.peer_count(cls)

    def dismiss(self, seat: Seat) -> None:
        """Take a member out; a class without members ends."""
        cls = seat.home
        if self._pairs is not None:
            self._pairs -= self.peer_count(cls)
        if len(cls.members) == 1:
            self._hide(cls)
        self._leave(seat)

    def weigh(self, seat: Seat, weight: int) -> None:
        """Give a member another weight."""
        seat.home.weight = (seat.home.weight + weight - seat.weight) & WEIGHT_MASK
        seat.weight = weight

    def divide(self, cls: MemberClass, seats: Iterable[Seat], added: Iterable[Side]) -> None:
        """Have some members of a class be on more sides than before; all of them, and the class stays itself."""
        moving = list(seats)
        sides = cls.sides.union(added)
        if len(moving) == len(cls.members):
            self._rename(cls, sides)
            return
        part = self._open(sides)
        for seat in moving:
            self._leave(seat)
            self._enter(seat, part)

    def drop(self, sides: frozenset[Side]) -> None:
        """Have no member be on these sides any more; classes that are now alike become one."""
        slots = 0
        for side in sides:
            slots |= side.classes
        for cls in list(self.classes(slots)):
            self._narrow(cls, cls.sides - sides)

    def forget(self) -> None:
        """Have everything about who sees whom worked out anew."""
        self._pairs = None
        for cls in self._by_sides.values():
            cls.visible = None

    def _narrow(self, cls: MemberClass, sides: frozenset[Side]) -> None:
        twin = self._by_sides.get(sides)
        if twin is None:
            self._rename(cls, sides)
            return
        smaller, larger = sorted((cls, twin), key=lambda one: len(one.members))
        for seat in list(smaller.members.values()):
            self._leave(seat)
            self._enter(seat, larger)
        if larger is cls:
            self._rename(cls, sides)

    def _rename(self, cls: MemberClass, sides: frozenset[Side]) -> None:
        del self._by_sides[cls.sides]
        self._unmark(cls)
        cls.sides = sides
        self._by_sides[sides] = cls
        self._mark(cls)

    def _open(self, sides: frozenset[Side]) -> MemberClass:
        if not self._free:
            self._free.append(len(self._slots))
            self._slots.append(None)
        cls = MemberClass(self._free.pop(), sides)
        self._slots[cls.slot] = cls
        self._by_sides[sides] = cls
        self._mark(cls)
        return cls

    def _close(self, cls: MemberClass) -> None:
        self._unmark(cls)
        del self._by_sides[cls.sides]
        self._slots[cls.slot] = None
        self._free.append(cls.slot)

    def _mark(self, cls: MemberClass) -> None:
        for side in cls.sides:
            side.classes |= 1 << cls.slot

    def _unmark(self, cls: MemberClass) -> None:
        for side in cls.sides:
            side.classes &= ~(1 << cls.slot)

    def _show(self, cls: MemberClass) -> None:
        for other in self.classes(self.visible(cls)):
            if other.visible is not None:
                other.visible |= 1 << cls.slot

    def _hide(self, cls: MemberClass) -> None:
        for other in self.classes(self.visible(cls)):
            if other.visible is not None:
                other.visible &= ~(1 << cls.slot)

    def _enter(self, seat: Seat, cls: MemberClass) -> None:
        count = len(cls.members)
        cls.members[seat.member.node_id] = seat
        cls.weight = (cls.weight + seat.weight) & WEIGHT_MASK
        self._sizes.change(cls.slot, count, count + 1)
        seat.home = cls

    def _leave(self, seat: Seat) -> None:
        cls = seat.home
        count = len(cls.members)
        del cls.members[seat.member.node_id]
        cls.weight = (cls.weight - seat.weight) & WEIGHT_MASK
        self._sizes.change(cls.slot, count, count - 1)
        if not cls.members:
            self._close(cls)
