"""Addresses as the fewest ranges that cover exactly them."""

from collections.abc import Iterable, Iterator
from itertools import chain

from plexsphere.policy.domain.side import ADDRESS_BITS


def aggregated(addresses: Iterable[int]) -> tuple[str, ...]:
    """Return CIDR texts that together cover each of the addresses and no other, in rising order."""
    return tuple(chain.from_iterable(_blocks(first, last) for first, last in _runs(sorted(set(addresses)))))


def range_count(addresses: Iterable[int]) -> int:
    """Return how many texts `aggregated` would return."""
    return sum(_blocks_in(first, last) for first, last in _runs(sorted(set(addresses))))


def host(address: int) -> str:
    """Return the range of one address alone."""
    return f"{_dotted(address)}/{ADDRESS_BITS}"


def _runs(addresses: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for index in range(1, len(addresses) + 1):
        if index == len(addresses) or addresses[index] != addresses[index - 1] + 1:
            yield addresses[start], addresses[index - 1]
            start = index


def _blocks(first: int, last: int) -> Iterator[str]:
    for start, free in _free_bits(first, last):
        yield f"{_dotted(start)}/{ADDRESS_BITS - free}"


def _blocks_in(first: int, last: int) -> int:
    return sum(1 for _ in _free_bits(first, last))


def _free_bits(first: int, last: int) -> Iterator[tuple[int, int]]:
    while first <= last:
        aligned = (first & -first).bit_length() - 1 if first else ADDRESS_BITS
        free = min(aligned, (last - first + 1).bit_length() - 1)
        yield first, free
        first += 1 << free


def _dotted(address: int) -> str:
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
