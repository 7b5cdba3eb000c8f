"""One node's event stream: what it still has to be told, and when to wake it (design D24)."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final
from uuid import UUID

from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.ids import DomainId, NodeId

MOST_QUEUED_FRAMES: Final = 256
# Beside a replay, which takes turns with those of others: rows are shared, so that they cost a stream next to nothing.
MOST_GATHERED_FRAMES: Final = 4_096
# A longer row is left to its reader, who gives other work its turn between two frames.
MOST_STRAIGHT_FRAMES: Final = 16

# Writes what a row says, or a sign of life where there is none, to the reader's connection at this moment; False, and
# nothing written, where the connection takes nothing now.
Straight = Callable[[Row | None], bool]


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
    last id; beyond 4,096 where it has to replay first, until nothing waits any more. Rows are kept, not frames, so
    that an idle stream costs next to nothing, and of all that waits a few frames at a time exist as bytes.
    `is_held_up` while the reader's own connection takes no more.

    A reader that waits, with nothing left to be told, need not be woken: `straight` reaches its connection without it.
    """

    __slots__ = (
        "_catches_up",
        "_frames",
        "_live",
        "_replay",
        "_waiter",
        "behind",
        "domain_id",
        "ending",
        "has_claimed",
        "id",
        "is_closed",
        "is_held_up",
        "node_id",
        "straight",
        "told",
    )

    def __init__(
        self, domain_id: DomainId, node_id: NodeId, replay: Iterable[Row], told: int, behind: int
    ) -> None:
        self.domain_id: Final = domain_id
        self.node_id: Final = node_id
        self.told = told
        self.behind = behind
        # A stream has claimed its node once its claim is put: every process can know it by its id.
        self.id: UUID | None = None
        self.has_claimed = False
        self.ending: Ending | None = None
        self.is_held_up = False
        self.is_closed = False
        self.straight: Straight = _nowhere
        self._replay: Final[deque[Row]] = deque(replay)
        self._catches_up = bool(self._replay)
        self._live: Final[deque[Row]] = deque()
        self._frames = 0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing waits and the stream goes on."""
        return not (self._live or self._replay or self.ending)

    @property
    def is_replaying(self) -> bool:
        """Tell whether the next row is one of the past."""
        return bool(self._replay)

    @property
    def queued_rows(self) -> int:
        """Return how many rows wait, those of the past apart."""
        return len(self._live)

    @property
    def queued_frames(self) -> int:
        """Return how many frames these rows are."""
        return self._frames

    def tell(self, row: Row) -> None:
        """Let the reader have a row, unless the replay held it; cut a stream whose reader does not keep up."""
        if self.ending is not None or row.offset <= self.told:
            return
        self.told = row.offset
        if len(row.frames) <= MOST_STRAIGHT_FRAMES and self._goes_straight(row):
            return
        if not self.has_room_for(row):
            self.end(Ending.TOO_SLOW)
            return
        self._live.append(row)
        self._frames += len(row.frames)
        self.wake()

    def has_room_for(self, row: Row) -> bool:
        """Tell whether the row's frames fit into the queue; a row too long for any queue fits into an empty one."""
        most = MOST_GATHERED_FRAMES if self._catches_up else MOST_QUEUED_FRAMES
        return not self._live or self._frames + len(row.frames) <= most

    def end(self, ending: Ending) -> None:
        """End the stream; the reader is told at its next step, and no frame after this."""
        self.ending = self.ending or ending
        self._replay.clear()
        self._live.clear()
        self.wake()

    def show_life(self) -> None:
        """Let the reader's connection see that the stream goes on."""
        if not self._goes_straight(None):
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
            self._catches_up = False
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

    def _goes_straight(self, row: Row | None) -> bool:
        # A reader waits only with nothing left to tell: what goes past it now comes behind all that it sent.
        return self._waiter is not None and not self._waiter.done() and self.straight(row)


def _nowhere(_: Row | None) -> bool:
    return False
