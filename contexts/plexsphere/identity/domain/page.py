"""One page of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in the order of the list, and whether more follow the last."""

    items: tuple[T, ...]
    more: bool

    @classmethod
    def cut(cls, rows: Sequence[T], limit: int) -> Self:
        """Return the first `limit` rows of one row more than was asked for."""
        return cls(tuple(rows[:limit]), len(rows) > limit)
