"""How late the loop is, looked at some twenty times a second."""

import asyncio
from dataclasses import dataclass
from typing import Final, NoReturn

from plexsphere.api.shedding import Shedding
from plexsphere.platform.kernel.clock import Clock

PERIOD_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Lateness:
    """
    Tells the shedding by how much the loop missed the moment at which this task wanted to go on.

    Where others work in the same loop, how late it is says nothing of what this process has to do: then it counts as
    in time.
    """

    shedding: Shedding
    clock: Clock
    shares_loop: bool = False

    async def watch(self) -> NoReturn:
        """Look until cancelled."""
        while True:
            began = self.clock.monotonic()
            await asyncio.sleep(PERIOD_SECONDS)
            late = max(0.0, self.clock.monotonic() - began - PERIOD_SECONDS)
            self.shedding.observe(0.0 if self.shares_loop else late)
