"""When a silent node counts as stale, and when as unreachable (plexd.md, Heartbeat)."""

from dataclasses import dataclass
from typing import Final, Self

from plexsphere.identity.domain.errors import InvalidReachabilityPolicy

STALE_AFTER_MISSED: Final = 3
UNREACHABLE_AFTER_MISSED: Final = 10
LONGEST_INTERVAL: Final = 3600


@dataclass(frozen=True, slots=True)
class ReachabilityPolicy:
    """
    The heartbeat interval of a Domain in seconds, 1 to 3600; everything else follows from it.

    Raises:
        InvalidReachabilityPolicy: the interval is out of bounds.
    """

    heartbeat_interval: int = 30

    def __post_init__(self) -> None:
        if not 1 <= self.heartbeat_interval <= LONGEST_INTERVAL:
            raise InvalidReachabilityPolicy("heartbeat_interval")

    @property
    def stale_after(self) -> int:
        """Seconds: three missed heartbeats."""
        return STALE_AFTER_MISSED * self.heartbeat_interval

    @property
    def unreachable_after(self) -> int:
        """Seconds: ten missed heartbeats."""
        return UNREACHABLE_AFTER_MISSED * self.heartbeat_interval

    @classmethod
    def of(
        cls, heartbeat_interval: int, stale_after: int | None = None, unreachable_after: int | None = None
    ) -> Self:
        """
        Return the policy of this interval, when the other two, where given, are what follows from it.

        Raises:
            InvalidReachabilityPolicy: out of bounds, or not three and ten intervals.
        """
        policy = cls(heartbeat_interval)
        if stale_after not in (None, policy.stale_after):
            raise InvalidReachabilityPolicy("stale_after")
        if unreachable_after not in (None, policy.unreachable_after):
            raise InvalidReachabilityPolicy("unreachable_after")
        return policy
