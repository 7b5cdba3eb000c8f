"""Randomness."""

from typing import Protocol


class Entropy(Protocol):
    """A source that nobody can predict; tests choose their own."""

    def __call__(self, size: int, /) -> bytes:
        """Return `size` random bytes."""
        ...
