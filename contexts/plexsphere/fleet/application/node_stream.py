"""One node's event stream: what it still has to be told, and when to wake it (design D24)."""

import asyncio
from collections import deque
from collections.abc import Iterable
from enum import Enum
from typing import Final

from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.ids import DomainId, NodeId

MOST_QUEUED_FRAMES: Final = 256


class Ending(Enum):
    """Why a stream ended."""

    REPLACED = "replaced"
    ENDED = "ended"
    TOO_SLOW = "too_slow"
    SHUTDOWN = "shutdown"


class NodeStream:
    """
    The rows that wait for one reader.

    Rows found at the start are replayed however many they are: they are expanded one at a time. Rows that arrive
    while the reader is behind are bounded: beyond 256 frames the stream is cut, and the reader comes back with its
    last id. Rows are kept, not frames, so that an idle stream costs next to nothing, and of all that waits one frame
    at a time exists as bytes. `is_held_up` while the reader's own connection takes no more.
    """

    __slots__ = (
        "_frames",
        "_live",
        "_replay",
        "_waiter",
        "behind",
        "domain_id",
        "ending",
        "is_held_up",
        "node_id",
        "told",
    )

    def __init__(
        self, domain_id: DomainId, node_id: NodeId, replay: Iterable[Row], told: int, behind: int
    ) -> None:
        self.domain_id: Final = domain_id
        self.node_id: Final = node_id
        self.told = told
        self.behind = behind
        self.ending: Ending | None = None
        self.is_held_up = False
        self._replay: Final[deque[Row]] = deque(replay)
        self._live: Final[deque[Row]] = deque()
        self._frames = 0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing waits and the stream goes on."""
        return not (self._live or self._replay or self.ending)

    def tell(self, row: Row) -> None:
        """Let the reader have a row, unless the replay held it; cut a stream whose reader does not keep up."""
        if self.ending is not None or row.offset <= self.told:
            return
        self.told = row.offset
        if not self.has_room_for(row):
            self.end(Ending.TOO_SLOW)
            return
        self._live.append(row)
        self._frames += len(row.frames)
        self.wake()

    def has_room_for(self, row: Row) -> bool:
        """Tell whether the row's frames fit into the queue; a row too long for any queue fits into an empty one."""
        return not self._live or self._frames + len(row.frames) <= MOST_QUEUED_FRAMES

    def end(self, ending: Ending) -> None:
        """End the stream; the reader is told at its next step, and no frame after this."""
        self.ending = self.ending or ending
        self._replay.clear()
        self._live.clear()
        self.wake()

    def wake(self) -> None:
        """Let the reader take its next step."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def next_row(self) -> Row | None:
        """Return the next row to tell, or None when there is none now."""
        if self._replay:
            return self._replay.popleft()
        if not self._live:
            return None
        row = self._live.popleft()
        self._frames -= len(row.frames)
        return row

    async def woken(self) -> None:
        """Wait until there is a row, the stream ended, or it is time to show life."""
        if not self.is_idle:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter
