"""Many who ask at the same time, answered with few questions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from copy import copy
from itertools import islice
from typing import Final, Generic, TypeVar

from plexsphere.platform.kernel.unit_of_work import StoreOverloaded

K = TypeVar("K")
V = TypeVar("V")

AT_ONCE: Final = 2
MOST_TOGETHER: Final = 500
ANSWERED_AT_ONCE: Final = 16
MOST_WAITING: Final = 20_000


class Gathering(Generic[K, V]):
    """
    Asks about one key at once, and about many together where many come while questions are under way.

    Two questions are under way at most, each about up to 500 keys and in a task of its own: outside any unit of work.
    A question begins after everybody it is asked for has come, so that nobody is told what was true before.
    """

    def __init__(self, question: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._question: Final = question
        self._waiting: Final[dict[K, asyncio.Future[V | None]]] = {}
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def __call__(self, key: K) -> V | None:
        """
        Return what the question found for the key, or None.

        Raises:
            StoreOverloaded: 20,000 wait already; and whatever the question raises.
        """
        waiter = self._waiting.get(key)
        if waiter is None:
            waiter = self._wait(key)
        return await asyncio.shield(waiter)

    def _wait(self, key: K) -> "asyncio.Future[V | None]":
        if len(self._waiting) >= MOST_WAITING:
            raise StoreOverloaded
        waiter = self._waiting[key] = asyncio.get_running_loop().create_future()
        if len(self._tasks) < AT_ONCE:
            task = asyncio.create_task(self._ask_on(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return waiter

    async def _ask_on(self) -> None:
        while self._waiting:
            keys = list(islice(self._waiting, MOST_TOGETHER))
            await self._ask({key: self._waiting.pop(key) for key in keys})

    async def _ask(self, waiters: "Mapping[K, asyncio.Future[V | None]]") -> None:
        try:
            found = await self._question(list(waiters))
        except Exception as error:
            for waiter in waiters.values():
                # One instance raised at many places would collect all their tracebacks.
                waiter.set_exception(copy(error))
            return
        except BaseException:
            for waiter in waiters.values():
                waiter.cancel()
            raise
        for place, (key, waiter) in enumerate(waiters.items(), start=1):
            waiter.set_result(found.get(key))
            # Whoever is answered goes on at once; hundreds in one round would hold up everybody else.
            if place % ANSWERED_AT_ONCE == 0:
                await asyncio.sleep(0)
