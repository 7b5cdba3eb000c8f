"""Another try for a unit of work that had to give way (hardening H40)."""

import asyncio
import random
from typing import Any, Final, TypeVar

from plexsphere.platform.around import Call, around
from plexsphere.platform.kernel.unit_of_work import StoreContended

T = TypeVar("T")

RETRIES: Final = 3
PAUSE_SECONDS: Final = 0.01


def retried(target: T) -> T:
    """
    Return the target whose coroutines are tried again, up to three times, when others stood in their way.

    For what opens its unit of work itself: inside one that is open already there is nothing left to try. The pauses
    double and differ, so that two that met once do not meet again.

    Raises:
        StoreContended: from each call, when the fourth try had to give way, too.
    """
    return around(target, _tried_again)


def _tried_again(_: str, call: Call) -> Call:
    async def tried(*given: Any, **named: Any) -> Any:
        for attempt in range(RETRIES):
            try:
                return await call(*given, **named)
            except StoreContended:
                await asyncio.sleep(PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))
        return await call(*given, **named)

    return tried
