"""How often each of many may do something, in bounded memory."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from plexsphere.platform.kernel.clock import Clock

K = TypeVar("K", bound=Hashable)

MINUTE: Final = 60.0
REMEMBERED: Final = 50_000


class Allowances(Generic[K]):
    """
    A token bucket for each key: `per_minute` in the long run, a sixth of it at once.

    A bucket is kept as one instant, that at which it would be full again: it moves on by one interval with each take,
    and no further ahead of now than a whole bucket lasts. A key whose instant has passed needs no memory at all; of all
    others at least the last 50,000 are remembered, and no more than twice as many.
    """

    def __init__(self, clock: Clock, per_minute: int, remembered: int = REMEMBERED) -> None:
        self._clock: Final = clock
        self._interval: Final = MINUTE / per_minute
        # What may be ahead of now before a take: a bucket less the token that is taken, and a hair for rounding.
        self._ahead: Final = self._interval * (max(1, per_minute // 6) - 0.999)
        self._remembered: Final = remembered
        self._full_at: dict[K, float] = {}
        self._older: dict[K, float] = {}

    def take(self, key: K) -> float:
        """Take one of the key's and return 0; or, where it has none, the seconds until it has one."""
        now = self._clock.monotonic()
        full_at = self._instant(key)
        if full_at < now:
            full_at = now
        elif full_at - now > self._ahead:
            return full_at - now - self._ahead
        self._full_at[key] = full_at + self._interval
        if len(self._full_at) >= self._remembered:
            self._full_at, self._older = {}, self._full_at
        return 0.0

    def seconds_until(self, key: K) -> float:
        """Return the seconds until the key has one, 0 where it has; nothing is taken."""
        return max(0.0, self._instant(key) - self._clock.monotonic() - self._ahead)

    def _instant(self, key: K) -> float:
        return self._full_at.get(key) or self._older.get(key, 0.0)

    def __len__(self) -> int:
        return len(self._full_at) + len(self._older)
