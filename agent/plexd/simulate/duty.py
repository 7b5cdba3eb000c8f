"""Duties: things a node does one at a time, and again if asked meanwhile."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from plexd.protocol.timing import Timing

Spawn = Callable[[Callable[[], Awaitable[None]]], None]


@dataclass(slots=True)
class Duty:
    """One act that never runs twice at once; requests that come while it runs are one further run."""

    act: Callable[[], Awaitable[None]]
    spawn: Spawn
    _running: bool = field(default=False, init=False)
    _again: bool = field(default=False, init=False)

    def request(self) -> None:
        """See to it that the act runs from its beginning, now or right after the run under way."""
        self._again = self._again or self._running
        self.request_unless_running()

    def request_unless_running(self) -> None:
        """See to it that the act runs; the run under way will do."""
        if not self._running:
            self._running = True
            self.spawn(self._run)

    async def _run(self) -> None:
        try:
            await self.act()
            while self._again:
                self._again = False
                await self.act()
        finally:
            self._running = False


async def every(seconds: float, act: Callable[[], Awaitable[None]], timing: Timing) -> None:
    """Act at once and then after every interval, each off by a twentieth so that nodes do not fall into step."""
    while True:
        await act()
        await timing.sleep(seconds * (0.95 + 0.1 * timing.chance()))
