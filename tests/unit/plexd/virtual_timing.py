"""Time that passes only when somebody sleeps."""

import asyncio
from datetime import UTC, datetime, timedelta

from plexd.protocol.timing import Timing

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class VirtualClock:
    def __init__(self, start: datetime = NOON) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        self.elapsed += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


def virtual_timing(clock: VirtualClock, chance: float = 0.5) -> Timing:
    """Return a timing on this clock; a chance of one half means no jitter."""
    return Timing(clock, clock.sleep, lambda: chance)
