"""What each source got wrong within the last minute."""

from collections import OrderedDict
from typing import Final

from plexsphere.platform.kernel.clock import Clock

REMEMBERED_SOURCES: Final = 10_000
WINDOW_SECONDS: Final = 60.0


class FailuresBySource:
    """
    Answers the surface's port `FailedAttempts`: failures within a minute that begins with a source's first one.

    At most 10,000 sources are remembered; whoever failed longest ago is forgotten first.
    """

    def __init__(self, clock: Clock, allowed: int) -> None:
        self._clock: Final = clock
        self._allowed: Final = allowed
        self._windows: Final[OrderedDict[str, tuple[float, int]]] = OrderedDict()

    def seconds_barred(self, source: str, /) -> float:
        begun, failures = self._windows.get(source, (0.0, 0))
        if failures < self._allowed:
            return 0.0
        return max(0.0, begun + WINDOW_SECONDS - self._clock.monotonic())

    def count(self, source: str, /) -> None:
        now = self._clock.monotonic()
        begun, failures = self._windows.pop(source, (now, 0))
        self._windows[source] = (now, 1) if now - begun >= WINDOW_SECONDS else (begun, failures + 1)
        if len(self._windows) > REMEMBERED_SOURCES:
            self._windows.popitem(last=False)
