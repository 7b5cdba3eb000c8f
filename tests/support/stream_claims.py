"""Claims of streams in memory."""

from collections.abc import Callable, Collection, Sequence

from plexsphere.fleet.ports.stream_claims import StreamClaim
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable


class MemoryStreamClaims:
    """
    Answers the port `StreamClaims`; `living` tells who has not left, `is_away` refuses every call.

    `put_behind` are claims that somebody else puts before the next reading.
    """

    def __init__(self, living: Callable[[], Collection[NodeId]] = lambda: ()) -> None:
        self._living = living
        self._last = 0
        self._of: dict[NodeId, tuple[int, StreamClaim]] = {}
        self.is_away = False
        self.put_behind: Sequence[StreamClaim] = ()

    async def last(self) -> int:
        self._require_near()
        return self._last

    async def put(self, batch: Sequence[StreamClaim], /) -> None:
        self._require_near()
        for claim in batch:
            self._last += 1
            self._of[claim.node_id] = (self._last, claim)

    async def behind(self, number: int, most: int, /) -> Sequence[tuple[int, StreamClaim]]:
        self._require_near()
        overtaking, self.put_behind = self.put_behind, ()
        if overtaking:
            await self.put(overtaking)
        return sorted((each for each in self._of.values() if each[0] > number), key=lambda each: each[0])[
            :most
        ]

    async def forget_departed(self) -> int:
        gone = [node_id for node_id in self._of if node_id not in self._living()]
        for node_id in gone:
            del self._of[node_id]
        return len(gone)

    def _require_near(self) -> None:
        if self.is_away:
            raise StoreUnavailable
