"""Nonces that were used: a bounded memory that forgets by itself."""

import heapq
from typing import Final

CAPACITY: Final = 16_384


class SeenNonces:
    """
    Admits each nonce once while its event could still be fresh.

    An event is refused for its age `lifetime` seconds after it was issued, so its nonce is kept that long and no
    longer. When more than `capacity` are young the oldest is forgotten and everything issued no later than it is
    refused from then on: memory is bounded and no event is ever admitted twice.
    """

    __slots__ = ("_by_age", "_capacity", "_floor", "_known", "_lifetime")

    def __init__(self, lifetime: float, capacity: int = CAPACITY) -> None:
        self._lifetime = lifetime
        self._capacity = capacity
        self._floor = float("-inf")
        self._known: set[str] = set()
        self._by_age: list[tuple[float, str]] = []

    def admit(self, nonce: str, issued_at: float, now: float) -> bool:
        """Tell whether the nonce is new, and remember it; instants are seconds since the epoch."""
        while self._by_age and self._by_age[0][0] + self._lifetime < now:
            self._forget_oldest()
        if nonce in self._known or issued_at <= self._floor:
            return False
        self._known.add(nonce)
        heapq.heappush(self._by_age, (issued_at, nonce))
        if len(self._known) > self._capacity:
            self._floor = max(self._floor, self._forget_oldest())
        return True

    def __len__(self) -> int:
        return len(self._known)

    def _forget_oldest(self) -> float:
        issued_at, nonce = heapq.heappop(self._by_age)
        self._known.discard(nonce)
        return issued_at
