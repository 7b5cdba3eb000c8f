"""Notices nodes that see more peers than is supported (design D14)."""

import logging
from typing import Final

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, NodeId

LOG: Final = logging.getLogger("plexsphere.fleet")

MOST_PEERS: Final = 1_000
AGAIN_SECONDS: Final = 3600.0
MOST_DOMAINS: Final = 10_000


class CrowdWatch:
    """
    Warns, at most once an hour for each Domain, where a node sees more than 1,000 peers; nobody is refused for it.

    The node's state holds them all, and what it costs grows with them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._warned: Final[dict[DomainId, float]] = {}

    def note(self, domain_id: DomainId, node_id: NodeId, peers: int) -> None:
        """Note how many peers a node was just told of."""
        if peers > MOST_PEERS and self._is_news(domain_id):
            LOG.warning(
                "node %s of Domain %s sees %d peers; up to %d are supported",
                node_id,
                domain_id,
                peers,
                MOST_PEERS,
            )

    def _is_news(self, domain_id: DomainId) -> bool:
        now, before = self._clock.monotonic(), self._warned.pop(domain_id, None)
        is_news = before is None or now - before >= AGAIN_SECONDS
        self._warned[domain_id] = now if before is None or is_news else before
        if len(self._warned) > MOST_DOMAINS:
            del self._warned[next(iter(self._warned))]
        return is_news
