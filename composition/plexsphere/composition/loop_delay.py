"""How long the event loop keeps whoever is ready waiting."""

import asyncio
from dataclasses import dataclass, field
from typing import Final, NoReturn

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.telemetry.histogram import Histogram

PERIOD_SECONDS: Final = 0.25
BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class LoopDelay:
    """Sleeps, and records by how much it was woken late."""

    clock: Clock
    histogram: Histogram = field(default_factory=lambda: Histogram(BOUNDS))

    async def watch(self) -> NoReturn:
        """Record every 250 ms until cancelled."""
        while True:
            due = self.clock.monotonic() + PERIOD_SECONDS
            await asyncio.sleep(PERIOD_SECONDS)
            self.histogram.record(max(0.0, self.clock.monotonic() - due))
