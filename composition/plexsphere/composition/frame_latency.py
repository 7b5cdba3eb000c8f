"""How long an event takes from its commit to the stream of a node (design section 5)."""

from dataclasses import dataclass, field
from typing import Final

from plexsphere.platform.events.lag import SequencerLag
from plexsphere.platform.events.rows import Row
from plexsphere.platform.telemetry.histogram import Histogram

BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class FrameLatency:
    """Measures by the database's clock from the row's transaction to its last frame written; replays are left out."""

    lag: SequencerLag
    histogram: Histogram = field(default_factory=lambda: Histogram(BOUNDS))

    def __call__(self, row: Row) -> None:
        """Record a row that was written to one stream at this moment."""
        now = self.lag.database_time()
        if now is not None:
            self.histogram.record(max(0.0, now - row.recorded_at.timestamp()))
