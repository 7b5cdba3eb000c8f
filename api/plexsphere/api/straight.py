"""Short ways to a connection: for answers that are small and many, and for those that go on for hours."""

from collections.abc import Callable, Sequence
from typing import Any, Final

EXTENSION: Final = "plexsphere.straight"
WRITE: Final = "write"
ANSWER: Final = "answer"

Headers = Sequence[tuple[bytes, bytes]]
Write = Callable[[bytes], bool]
Answer = Callable[[int, Headers, bytes], bool]


def straight_write(scope: Any) -> Write:
    """
    Return what writes a part of the answer's body at once; where the server offers no such way, it never does.

    It tells whether it wrote: a connection that is held up takes nothing, and the part is then sent as any other. Only
    between the head and the end of an answer without a length, and with no other part being sent, may it be called.
    """
    offered: Write | None = scope.get("extensions", {}).get(EXTENSION, {}).get(WRITE)
    return offered or _never


def straight_answer(scope: Any) -> Answer:
    """
    Return what writes a whole answer at once; where the server offers no such way, it never does.

    It tells whether it wrote; what it did not write is to be sent. Headers are written as they are, so none may hold
    what a stranger sent.
    """
    offered: Answer | None = scope.get("extensions", {}).get(EXTENSION, {}).get(ANSWER)
    return offered or _never


def _never(*_: object) -> bool:
    return False
