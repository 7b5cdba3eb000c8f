"""How long calls took, for the latest few thousand."""

from collections import deque
from typing import Final

REMEMBERED: Final = 4096


class Latencies:
    """The latest calls in seconds, and how many there were in all."""

    __slots__ = ("_latest", "total")

    def __init__(self) -> None:
        self.total = 0
        self._latest: deque[float] = deque(maxlen=REMEMBERED)

    def record(self, seconds: float) -> None:
        """Note one call."""
        self.total += 1
        self._latest.append(seconds)

    def percentile(self, share: float) -> float | None:
        """Return the time that this share (0 to 1) of the latest calls did not exceed; None without calls."""
        if not self._latest:
            return None
        ordered = sorted(self._latest)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
