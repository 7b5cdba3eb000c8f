"""Clients that keep us waiting, looked for once a second (H11)."""

import asyncio
from collections.abc import Collection
from typing import Final, NoReturn

from plexsphere.composition.bounded_http import BoundedHttpProtocol, Stage
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.telemetry.traffic import Traffic

PERIOD_SECONDS: Final = 1.0
# About half a millisecond of looking; then everybody else gets a turn.
AT_ONCE: Final = 512


class Sweep:
    """Ends connections whose clients are overdue: one task for all, so that an idle stream costs no timer."""

    def __init__(self, connections: Collection[BoundedHttpProtocol], clock: Clock, traffic: Traffic) -> None:
        self._connections: Final = connections
        self._clock: Final = clock
        self._traffic: Final = traffic

    async def run(self) -> NoReturn:
        """Look once a second until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look at every connection once."""
        now = self._clock.monotonic()
        for place, connection in enumerate(list(self._connections), start=1):
            self._count(connection.cut_if_overdue(now))
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _count(self, stage: Stage | None) -> None:
        if stage is Stage.HEAD:
            self._traffic.cut_in_head += 1
        elif stage is Stage.BODY:
            self._traffic.cut_in_body += 1
        elif stage in (Stage.SILENCE, Stage.ENDING):
            self._traffic.cut_in_silence += 1
