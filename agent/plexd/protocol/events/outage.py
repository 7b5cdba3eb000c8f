"""A time without a stream, and when polling takes its place (plexd.md, SSE reconnection)."""

from collections.abc import AsyncIterator
from typing import Final

from plexd.protocol.timing import Timing

PATIENCE: Final = 300.0


class Outage:
    """From the first failure until a stream opens; five minutes in, the state is polled at every interval."""

    __slots__ = ("_interval", "_poll_at", "_timing")

    def __init__(self, timing: Timing, poll_interval: float) -> None:
        self._timing = timing
        self._interval = poll_interval
        self._poll_at: float | None = None

    def begin(self) -> None:
        """Start counting, unless the outage has begun already."""
        if self._poll_at is None:
            self._poll_at = self._timing.clock.monotonic() + PATIENCE

    def end(self) -> None:
        """The stream is open: no polling."""
        self._poll_at = None

    async def wait(self, delay: float) -> AsyncIterator[None]:
        """Let `delay` seconds pass, yielding each time a poll is due."""
        end = self._timing.clock.monotonic() + delay
        while True:
            if self._is_due():
                yield None
            now = self._timing.clock.monotonic()
            if now >= end:
                return
            await self._timing.sleep(max(0.0, min(end, self._poll_at or end) - now))

    def _is_due(self) -> bool:
        now = self._timing.clock.monotonic()
        if self._poll_at is None or now < self._poll_at:
            return False
        self._poll_at = now + self._interval
        return True
