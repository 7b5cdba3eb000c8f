"""Work that gives way to others, counted by how often it does."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def driven(work: Coroutine[Any, None, T]) -> tuple[T, int]:
    """Return what work that waits for nothing comes to, and in how many steps it does."""
    steps = 1
    while True:
        try:
            work.send(None)
        except StopIteration as ended:
            return ended.value, steps
        steps += 1
