"""The members of a Project in the order of their addresses."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.member_class import Seat


class Roster:
    """Finds members by node, and by range of addresses without walking the others."""

    def __init__(self) -> None:
        self._seats: dict[NodeId, Seat] = {}
        self._by_address: list[tuple[int, NodeId]] = []

    def __len__(self) -> int:
        return len(self._seats)

    def get(self, node_id: NodeId) -> Seat | None:
        return self._seats.get(node_id)

    def add(self, seat: Seat) -> None:
        self._seats[seat.member.node_id] = seat
        insort(self._by_address, (seat.address, seat.member.node_id))

    def remove(self, seat: Seat) -> None:
        del self._seats[seat.member.node_id]
        del self._by_address[bisect_left(self._by_address, (seat.address, seat.member.node_id))]

    def within(self, low: int, high: int) -> Iterator[Seat]:
        """Yield the members at the addresses from low to high, both included, in rising order."""
        first, end = bisect_left(self._by_address, (low,)), bisect_left(self._by_address, (high + 1,))
        return (self._seats[node_id] for _, node_id in self._by_address[first:end])

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats.values())
