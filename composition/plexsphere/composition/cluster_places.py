"""How many requests may wait for customers' clusters at once (hardening H20)."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal

AT_ONCE: Final = 128
AT_ONCE_OF_A_DOMAIN: Final = 64
RETRY_AFTER: Final = {"Retry-After": "10"}


class ClusterPlaces:
    """
    Lets 64 requests of a Domain wait for its cluster, and 128 in all; one more is refused at once.

    A cluster may take ten seconds to say nothing. A process takes so many operators' requests and no more, and those
    that wait for one silent cluster must leave room for everybody else's.
    """

    def __init__(self) -> None:
        self._waiting: Final[Counter[UUID]] = Counter()

    @contextmanager
    def __call__(self, domain_id: UUID) -> Generator[None]:
        """
        Have a place for as long as the block lasts.

        Raises:
            Refusal: `overloaded`: there is none.
        """
        if self._waiting[domain_id] >= AT_ONCE_OF_A_DOMAIN or self._waiting.total() >= AT_ONCE:
            raise Refusal(catalogue.OVERLOADED, headers=RETRY_AFTER)
        self._waiting[domain_id] += 1
        try:
            yield
        finally:
            self._waiting[domain_id] -= 1
            if not self._waiting[domain_id]:
                del self._waiting[domain_id]
