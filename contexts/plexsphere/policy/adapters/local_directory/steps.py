"""Work on files, in steps that keep nobody else waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Given = TypeVarTuple("Given")

AT_ONCE: Final = 4


class Steps:
    """Runs steps in four threads of its own: whatever a disk does, it stops nothing but artifacts."""

    def __init__(self) -> None:
        self._threads: Final = ThreadPoolExecutor(AT_ONCE, "plexsphere-artifacts")

    async def __call__(self, step: Callable[[*Given], T], *given: *Given) -> T:
        """
        Return what the step returns.

        Whoever is cancelled waits until the step is over: the descriptor that a thread works on must not be closed, and
        its number given to another file, behind that thread's back.
        """
        running = asyncio.get_running_loop().run_in_executor(self._threads, step, *given)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([running])
            if not running.cancelled():
                # Taken note of, and of no use to anybody any more.
                running.exception()
            raise
