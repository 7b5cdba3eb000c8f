"""The end of a connection whose request was refused before its body was read."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

Send = Callable[[Any], Awaitable[None]]

# Of a shorter body the server has everything at hand, and the connection can serve the next request.
LARGE: Final = len("10000")
LINGER_SECONDS: Final = 0.5
CLOSE: Final = (b"connection", b"close")
END: Final = {"type": "http.response.body", "body": b"", "more_body": False}


def is_unbounded(scope: Any) -> bool:
    """Tell whether much may follow the head of the request, or nothing although a length was told."""
    for name, value in scope["headers"]:
        if name == b"content-length" and len(value) >= LARGE:
            return True
        if name == b"transfer-encoding" or name == b"expect":
            return True
    return False


class LingeringSend:
    """
    Closes the connection behind a refusal, instead of reading whatever else the client sends (H10).

    Closing at once would reset a connection that has unread bytes, and the client could lose the answer with it: the
    answer goes out whole, nothing more is read, and half a second later `end` ends the connection. Nobody's place is
    held meanwhile: to be refused costs a stranger nothing.
    """

    def __init__(self, send: Send) -> None:
        self._send: Final = send
        self._is_refused = False
        self._is_owed_its_end = False

    async def __call__(self, message: Any) -> None:
        """Send on, but for the end of a refusal."""
        if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
            self._is_refused = True
            message["headers"] = [*message["headers"], CLOSE]
        elif self._is_refused and not message.get("more_body", False):
            self._is_owed_its_end = True
            message = {**message, "more_body": True}
        await self._send(message)

    async def end(self) -> None:
        """End what was refused, half a second after it was; return at once where nothing was."""
        if self._is_owed_its_end:
            await asyncio.sleep(LINGER_SECONDS)
            await self._send(END)
