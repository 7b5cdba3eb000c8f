"""Frames of a stream come in order (design D20)."""

import enum
from typing import Final

from plexd.protocol.events.position import Position

REMEMBERED: Final = 32


class Order(enum.Enum):
    """How a frame stands to those before it."""

    FORWARD = "forward"
    REDELIVERED = "redelivered"
    DISORDERED = "disordered"


class OrderCheck:
    """Tells whether frames move forward; one that does not must be a repetition of the same event."""

    __slots__ = ("_last", "_recent")

    def __init__(self) -> None:
        self._last: Position | None = None
        self._recent: dict[Position, str] = {}

    def judge(self, frame_id: str | None, event_id: str) -> Order:
        """Return the standing of the next frame; an id of another form than `<offset>.<k>` is disorder."""
        position = Position.parse(frame_id or "")
        if position is None:
            return Order.DISORDERED
        if self._last is None or position > self._last:
            self._remember(position, event_id)
            return Order.FORWARD
        return Order.REDELIVERED if self._recent.get(position) == event_id else Order.DISORDERED

    def _remember(self, position: Position, event_id: str) -> None:
        self._last = position
        self._recent[position] = event_id
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
