"""A short way to a connection, for the many small parts of an answer that goes on for hours."""

from collections.abc import Callable
from typing import Any, Final

EXTENSION: Final = "plexsphere.straight"
WRITE: Final = "write"

Write = Callable[[bytes], bool]


def straight_write(scope: Any) -> Write:
    """
    Return what writes a part of the answer's body at once; where the server offers no such way, it never does.

    It tells whether it wrote: a connection that is held up takes nothing, and the part is then sent as any other. Only
    between the head and the end of an answer without a length, and with no other part being sent, may it be called.
    """
    offered: Write | None = scope.get("extensions", {}).get(EXTENSION, {}).get(WRITE)
    return offered or _never


def _never(_: bytes) -> bool:
    return False
