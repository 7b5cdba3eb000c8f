"""The members of a Project, found by address and by label."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.member_class import Seat
from plexsphere.policy.domain.selector import Anchor, Selector
from plexsphere.policy.domain.side import ADDRESS_BITS

LAST_ADDRESS: Final = (1 << ADDRESS_BITS) - 1


class Roster:
    """Finds members without walking those that have neither the label nor the address asked for."""

    def __init__(self) -> None:
        self._seats: dict[NodeId, Seat] = {}
        self._by_address: list[tuple[int, NodeId]] = []
        self._by_label: dict[Anchor, set[Seat]] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def get(self, node_id: NodeId) -> Seat | None:
        return self._seats.get(node_id)

    def add(self, seat: Seat) -> None:
        self._seats[seat.member.node_id] = seat
        insort(self._by_address, (seat.address, seat.member.node_id))
        self._label(seat)

    def remove(self, seat: Seat) -> None:
        self._unlabel(seat)
        del self._seats[seat.member.node_id]
        del self._by_address[bisect_left(self._by_address, (seat.address, seat.member.node_id))]

    def relabel(self, seat: Seat, member: Member) -> None:
        """Have the seat be the same node's at the same address, with the labels of this member."""
        self._unlabel(seat)
        seat.member = member
        self._label(seat)

    def selected(self, selector: Selector, low: int = 0, high: int = LAST_ADDRESS) -> list[Seat]:
        """Return the members the selector means from the one address to the other, in rising order of addresses."""
        first, end = bisect_left(self._by_address, (low,)), bisect_left(self._by_address, (high + 1,))
        labelled = [self._by_label.get(anchor, set()) for anchor in selector.anchors()]
        if labelled and sum(map(len, labelled)) < end - first:
            near = (seat for seat in chain.from_iterable(labelled) if low <= seat.address <= high)
            return sorted(_meant(selector, near), key=lambda seat: seat.address)
        return list(_meant(selector, (self._seats[node_id] for _, node_id in self._by_address[first:end])))

    def _label(self, seat: Seat) -> None:
        for anchor in _anchors(seat.member):
            self._by_label.setdefault(anchor, set()).add(seat)

    def _unlabel(self, seat: Seat) -> None:
        for anchor in _anchors(seat.member):
            self._by_label[anchor].discard(seat)
            if not self._by_label[anchor]:
                del self._by_label[anchor]


def _anchors(member: Member) -> Iterator[Anchor]:
    for key, value in member.labels.items():
        yield key, value
        yield key, None


def _meant(selector: Selector, seats: Iterable[Seat]) -> Iterator[Seat]:
    return (seat for seat in seats if selector.matches(seat.member.labels))
