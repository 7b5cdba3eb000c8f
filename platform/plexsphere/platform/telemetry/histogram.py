"""Observations, counted by how large they were."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final


class Histogram:
    """
    Counts observations by the first bound that is not below them; recording is a bisection and two additions.

    For the one thread of the event loop: there is no lock.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds: Final = tuple(bounds)
        self.counts: Final = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def record(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
