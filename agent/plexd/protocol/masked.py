"""A text that must not be shown: node tokens, node secret keys, pair keys."""

import hmac
from typing import Final

MASK: Final = "********"


class Masked:
    """
    Wraps a secret text so that no log, error or format string can print it.

    The text comes out of `reveal` alone; equality takes the same time wherever two texts differ; it has no hash
    and cannot be pickled.
    """

    __slots__ = ("_text",)
    __hash__ = None  # type: ignore[assignment]  # the data model spells "unhashable" this way

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one line that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Masked):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __repr__(self) -> str:
        return f"Masked({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a masked text is not pickled")
