"""How long to wait before the next attempt (plexd.md, SSE reconnection)."""

from collections.abc import Callable
from typing import Final

FIRST: Final = 1.0
LONGEST: Final = 60.0
LONGEST_ASKED: Final = 3600.0


class Backoff:
    """Waits of 1, 2, 4 ... 60 seconds, each off by up to a quarter so that many nodes do not come at once."""

    __slots__ = ("_chance", "_first", "_longest", "_next")

    def __init__(self, chance: Callable[[], float], first: float = FIRST, longest: float = LONGEST) -> None:
        self._chance = chance
        self._first = first
        self._longest = longest
        self._next = first

    def delay(self) -> float:
        """Return the next wait in seconds and double the one after it, up to the longest."""
        wait, self._next = self._next, min(self._next * 2, self._longest)
        return wait * (0.75 + 0.5 * self._chance())

    def delay_asked(self, retry_after: float | None) -> float:
        """
        Return the wait the control plane asked for, at most a quarter more and never less; else the next one.

        A wish below the first wait counts as the first wait, one above an hour as an hour.
        """
        if retry_after is None:
            return self.delay()
        return min(max(retry_after, self._first), LONGEST_ASKED) * (1.0 + 0.25 * self._chance())

    def restart(self) -> None:
        """Begin again with the first wait."""
        self._next = self._first
