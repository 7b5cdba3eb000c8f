"""Waiting until something is true of a node."""

import asyncio
from collections.abc import Callable


class Waiters:
    """Those who wait, each for a claim of its own; cheap while nobody does."""

    __slots__ = ("_failure", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._failure: Exception | None = None

    async def until(self, claim: Callable[[], bool]) -> None:
        """
        Return once the claim holds.

        Raises:
            Exception: what `fail` was given, if the claim does not hold by then.
        """
        if claim():
            return
        if self._failure is not None:
            raise self._failure
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((claim, future))
        await future

    def notify(self) -> None:
        """Something changed: let those go on whose claim holds now."""
        if not self._waiting:
            return
        for claim, future in self._waiting:
            if not future.done() and claim():
                future.set_result(None)
        self._waiting = [waiter for waiter in self._waiting if not waiter[1].done()]

    def fail(self, failure: Exception) -> None:
        """Nothing will change any more."""
        self.notify()
        self._failure = failure
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(failure)
        self._waiting = []
