"""What is left of allowed traffic once denied traffic is taken from it."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from plexsphere.policy.domain.traffic import Protocol, Traffic

Ports = tuple[int, int]


def left_of(allowed: Sequence[tuple[Traffic, int]], denied: Sequence[tuple[Traffic, int]]) -> int:
    """
    Return the classes for which some allowed traffic is within no single denied one.

    Each traffic comes with the set of the classes it is allowed or denied for. Denying `any` takes everything;
    allowing `any` yields to nothing less; ports yield to ports of the same protocol that include them (design D16).
    """
    if not denied:
        return _united(allowed)
    permitted, stopped = _by_protocol(allowed), _by_protocol(denied)
    left = _united(permitted.pop(Protocol.ANY, []))
    for protocol, ranges in permitted.items():
        left |= _outside(ranges, stopped.get(protocol, []))
    return left & ~_united(stopped.get(Protocol.ANY, []))


def _by_protocol(traffic: Iterable[tuple[Traffic, int]]) -> dict[Protocol, list[tuple[Ports, int]]]:
    grouped: dict[Protocol, list[tuple[Ports, int]]] = {}
    for (protocol, first, last), classes in traffic:
        grouped.setdefault(protocol, []).append(((first, last), classes))
    return grouped


def _united(ranges: Iterable[tuple[object, int]]) -> int:
    return reduce(or_, (classes for _, classes in ranges), 0)


def _outside(allowed: list[tuple[Ports, int]], denied: list[tuple[Ports, int]]) -> int:
    """Sweep over first ports, so that two long lists cost no product of their lengths."""
    if not denied:
        return _united(allowed)
    enders, waiting, left = _Enders({last for (_, last), _ in denied}), sorted(denied, reverse=True), 0
    for (first, last), classes in sorted(allowed):
        while waiting and waiting[-1][0][0] <= first:
            (_, end), among = waiting.pop()
            enders.add(end, among)
        left |= classes & ~enders.not_before(last)
    return left


class _Enders:
    """Sets of classes by last port, united from any port upwards in logarithmic time (a Fenwick tree)."""

    def __init__(self, lasts: Iterable[int]) -> None:
        self._lasts = sorted(lasts)
        self._tree = [0] * (len(self._lasts) + 1)

    def add(self, last: int, classes: int) -> None:
        at = self._rank(last)
        while at < len(self._tree):
            self._tree[at] |= classes
            at += at & -at

    def not_before(self, last: int) -> int:
        at, found = self._rank(last), 0
        while at:
            found |= self._tree[at]
            at &= at - 1
        return found

    def _rank(self, last: int) -> int:
        return len(self._lasts) - bisect_left(self._lasts, last)
