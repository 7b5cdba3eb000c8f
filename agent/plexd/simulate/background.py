"""The tasks of one node; the first that fails ends them all."""

import asyncio
from collections.abc import Awaitable, Callable


class Background:
    """Runs work until it ends, fails or is stopped; `failure` is what ended it, None while nothing did."""

    __slots__ = ("_on_failure", "_tasks", "failure")

    def __init__(self, on_failure: Callable[[Exception], None]) -> None:
        self.failure: Exception | None = None
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run the work beside everything else."""
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End all work, wherever it stands."""
        tasks = self._cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cancel(self) -> list[asyncio.Task[None]]:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        return tasks

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as failure:
            if self.failure is None:
                self.failure = failure
                self._cancel()
                self._on_failure(failure)
