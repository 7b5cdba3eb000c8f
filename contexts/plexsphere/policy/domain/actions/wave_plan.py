"""How an execution is released, a wave after the other."""

from dataclasses import dataclass

from plexsphere.policy.domain.actions.errors import InvalidWavePlan


@dataclass(frozen=True, slots=True)
class WavePlan:
    """
    First so many canaries, then so many percent of all targets at a time; more failures than these halt it.

    Raises:
        InvalidWavePlan: a count is negative, or the percentage is not 1 to 100.
    """

    canary: int = 0
    percent: int = 100
    max_failures: int = 0

    def __post_init__(self) -> None:
        if self.canary < 0 or self.max_failures < 0 or not 1 <= self.percent <= 100:
            raise InvalidWavePlan

    def next_size(self, size: int, succeeded: int) -> int:
        """Return how many targets the next wave has, of an execution with so many of which so many succeeded."""
        return self.missing_canaries(size, succeeded) or -(-size * self.percent // 100)

    def missing_canaries(self, size: int, succeeded: int) -> int:
        """Return how many more must succeed before others than canaries are released."""
        return max(min(self.canary, size) - succeeded, 0)

    def halts_at(self, failures: int) -> bool:
        """Tell whether so many failures are too many."""
        return failures > self.max_failures
