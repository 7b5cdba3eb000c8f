"""A value that must not be shown."""

import hmac
from typing import Final, Generic, TypeVar

T = TypeVar("T", bytes, str)

MASK: Final = "********"


class Secret(Generic[T]):
    """
    Wraps a secret so that no log, error, trace or format string can print it.

    The value comes out of `reveal` alone; equality takes the same time wherever two values differ; there is no
    hash, so a secret is never a dictionary key, and pickling is refused.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # the data model spells "unhashable" this way

    def __init__(self, value: T) -> None:
        self._value: T = value

    def reveal(self) -> T:
        """Return the value itself, for the one line that needs it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_octets(self._value), _octets(other._value))

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")


def _octets(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
