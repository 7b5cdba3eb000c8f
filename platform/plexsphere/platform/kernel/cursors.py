"""Continuations of a list, as a port (design D34)."""

from typing import Protocol


class InvalidCursor(Exception):
    """The cursor was tampered with, cut, or minted for another list."""


class CursorBindingMismatch(Exception):
    """The cursor was minted for another caller."""


class CursorCodec(Protocol):
    """Turns a position in a list into an opaque text and back."""

    def encode(self, caller: str, listing: str, position: str) -> str:
        """Return a text that only this caller can use, on this listing alone, and nobody can read."""
        ...

    def decode(self, caller: str, listing: str, cursor: str) -> str:
        """
        Return the position.

        Raises:
            InvalidCursor: not a cursor of this deployment and listing.
            CursorBindingMismatch: a good cursor of somebody else.
        """
        ...
