"""What rouses a loop that would otherwise wait for its next round."""

import asyncio
from typing import Final


class Alarm:
    """Sounded any number of times, it ends one wait."""

    def __init__(self) -> None:
        self._sounded: Final = asyncio.Event()

    def sound(self) -> None:
        """End the wait that goes on, or the next one."""
        self._sounded.set()

    async def rest(self, seconds: float) -> None:
        """Wait until sounded, but no longer than this."""
        try:
            async with asyncio.timeout(seconds):
                await self._sounded.wait()
        except TimeoutError:
            return
        self._sounded.clear()
