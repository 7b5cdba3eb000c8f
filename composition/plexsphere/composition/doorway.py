"""Where changes of membership wait before they hold a connection."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.unit_of_work import StoreOverloaded

AT_ONCE: Final = 4
AT_ONCE_FOR_EACH: Final = 2
MOST_WAITING: Final = 512
PATIENCE_SECONDS: Final = 10.0


class Doorway:
    """
    Lets a few through at a time; up to 512 more wait for 10 s at most, unless it is told otherwise.

    Changes of a Domain's membership take turns in the database in any case. One that waits for its turn there holds
    a connection, and a crowd that held them all would leave none to whoever has the turn, nor to other Domains.
    """

    def __init__(
        self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._places: Final = asyncio.Semaphore(at_once)
        self._most_waiting: Final = most_waiting
        self._patience: Final = patience
        self._waiting = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        """
        Be inside for as long as the block lasts.

        Raises:
            StoreOverloaded: too many wait already, or this one waited too long.
        """
        await self._enter()
        try:
            yield
        finally:
            self._places.release()

    async def _enter(self) -> None:
        if self._waiting >= self._most_waiting:
            raise StoreOverloaded
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise StoreOverloaded from None
        finally:
            self._waiting -= 1


class Doorways:
    """A doorway for each Domain or Project that somebody changes at the moment, two at a time through each."""

    def __init__(
        self,
        at_once: int = AT_ONCE_FOR_EACH,
        most_waiting: int = MOST_WAITING,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._bounds: Final = at_once, most_waiting, patience
        self._doorways: Final[dict[UUID, Doorway]] = {}
        self._users: Final[dict[UUID, int]] = {}

    @asynccontextmanager
    async def __call__(self, key: UUID) -> AsyncGenerator[None]:
        """
        Be inside for as long as the block lasts.

        Raises:
            StoreOverloaded: too many wait already, or this one waited too long.
        """
        doorway = self._doorways.setdefault(key, Doorway(*self._bounds))
        self._users[key] = self._users.get(key, 0) + 1
        try:
            async with doorway():
                yield
        finally:
            self._leave(key)

    def __len__(self) -> int:
        return len(self._doorways)

    def _leave(self, key: UUID) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key], self._doorways[key]


class SharedDoorway:
    """
    One doorway of which nobody has more than a share, inside or waiting: a crowd leaves room to others.

    Who waits for the share and then for the whole waits for `patience` seconds in all.
    """

    def __init__(self, at_once: int, at_once_for_each: int, most_waiting: int, patience: float) -> None:
        self._whole: Final = Doorway(at_once, most_waiting, patience)
        waiting_for_each = most_waiting * at_once_for_each // at_once
        self._each: Final = Doorways(at_once_for_each, waiting_for_each, patience)
        self._most_waiting: Final = most_waiting
        self._patience: Final = patience
        self._waiting = 0

    @asynccontextmanager
    async def __call__(self, key: UUID) -> AsyncGenerator[None]:
        """
        Be inside for as long as the block lasts.

        Raises:
            StoreOverloaded: too many wait already, of this key or of all, or this one waited too long.
        """
        async with AsyncExitStack() as inside:
            await self._enter(inside, key)
            yield

    async def _enter(self, inside: AsyncExitStack, key: UUID) -> None:
        if self._waiting >= self._most_waiting:
            raise StoreOverloaded
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                # The share comes first: so no queue for the whole holds more of one key than its share.
                await inside.enter_async_context(self._each(key))
                await inside.enter_async_context(self._whole())
        except TimeoutError:
            raise StoreOverloaded from None
        finally:
            self._waiting -= 1
