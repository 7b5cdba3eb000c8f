"""Sets of small numbers held in one integer each."""

from collections.abc import Iterator


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers in the set, in rising order; linear in the highest of them."""
    text = bin(mask)[:1:-1]
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)


class Sizes:
    """
    A size for each number, summed over any set of numbers without walking it.

    Plane k is the set of the numbers whose size has bit k, so a sum is one population count per plane.
    """

    __slots__ = ("_planes",)

    def __init__(self) -> None:
        self._planes: list[int] = []

    def change(self, number: int, before: int, after: int) -> None:
        """Give the number another size; `before` is the one it had."""
        for plane in bits(before ^ after):
            self._planes.extend([0] * (plane + 1 - len(self._planes)))
            self._planes[plane] ^= 1 << number

    def total(self, mask: int) -> int:
        """Return the sum of the sizes of the set."""
        return sum((mask & plane).bit_count() << k for k, plane in enumerate(self._planes))
