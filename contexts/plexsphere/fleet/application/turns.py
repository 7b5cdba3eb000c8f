"""Turns of what takes a while: opening a stream, replaying to it, making a whole state (design section 5)."""

import asyncio
from collections import deque
from typing import Final


class Turns:
    """
    Lets one of those who wait go on in each round of the event loop, in the order in which they came.

    A few frames of each of five hundred streams in one round would keep heartbeats waiting for half a second, and
    ten thousand nodes that come back at once would keep new connections waiting for ten.
    """

    def __init__(self) -> None:
        self._waiting: Final[deque[asyncio.Future[None]]] = deque()
        self._is_giving = False

    def __len__(self) -> int:
        return len(self._waiting)

    async def next(self) -> None:
        """Return when it is this caller's turn: in a later round, after all who came before."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if not self._is_giving:
            self._is_giving = True
            asyncio.get_running_loop().call_soon(self._give)
        await turn

    def _give(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._give)
                return
        self._is_giving = False
