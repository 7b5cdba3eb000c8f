"""How much of the store one caller may keep busy with questions about its permissions (design D6)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal

AT_ONCE: Final = 8
MOST_WAITING: Final = 64
PATIENCE_SECONDS: Final = 2.0
RETRY_SECONDS: Final = "1"


@dataclass(slots=True)
class _Caller:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    calls: int = 0


class Decisions:
    """
    Decides eight questions of one caller at a time; up to 64 more wait their turn, for 2 s at most.

    A question costs statements, and one that is denied an entry of the trail as well: a crowd of one caller's would
    hold every connection, and whoever has every right would find none.
    """

    def __init__(self) -> None:
        self._callers: Final[dict[UUID, _Caller]] = {}

    def __len__(self) -> int:
        return len(self._callers)

    @asynccontextmanager
    async def __call__(self, principal_id: UUID) -> AsyncGenerator[None]:
        """
        Be decided about for as long as the block lasts.

        Raises:
            Refusal: `rate_limited`, as too many of the caller's questions wait already, or this one waited too long.
        """
        caller = self._callers.setdefault(principal_id, _Caller())
        if caller.calls >= AT_ONCE + MOST_WAITING:
            raise _refusal()
        caller.calls += 1
        try:
            await _enter(caller)
            try:
                yield
            finally:
                caller.places.release()
        finally:
            caller.calls -= 1
            if not caller.calls:
                del self._callers[principal_id]


async def _enter(caller: _Caller) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await caller.places.acquire()
    except TimeoutError:
        raise _refusal() from None


def _refusal() -> Refusal:
    return Refusal(catalogue.RATE_LIMITED, headers={"Retry-After": RETRY_SECONDS})
