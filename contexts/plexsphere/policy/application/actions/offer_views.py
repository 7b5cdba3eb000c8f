"""What nodes of the Domains this process follows still have to be told of."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.ports.actions.offers import Offer

NOTHING: Final[tuple[Offer, ...]] = ()
# So many are taken over in less than 2 ms.
AT_ONCE: Final = 1_000


class OfferViews:
    """
    The open offers of each followed Domain, by node.

    Whoever reads them reads in the order of the log, so what comes later is newer.
    """

    def __init__(self) -> None:
        self._offers: Final[dict[DomainId, dict[NodeId, tuple[Offer, ...]]]] = {}

    def begin(self, domain_id: DomainId, offers: Iterable[Offer]) -> Iterator[None]:
        """Follow a Domain, from all its open offers in the order of their nodes, a few with each step."""
        known: dict[NodeId, tuple[Offer, ...]] = {}
        for place, offer in enumerate(offers, start=1):
            known[offer.node_id] = (*known.get(offer.node_id, NOTHING), offer)
            if place % AT_ONCE == 0:
                yield
        self._offers[domain_id] = known

    def put(self, domain_id: DomainId, nodes: Collection[NodeId], offers: Iterable[Offer]) -> None:
        """
        Know all that is open for these nodes, and nothing else for them.

        Raises:
            LookupError: the Domain is not followed.
        """
        known = self._offers[domain_id]
        found: defaultdict[NodeId, list[Offer]] = defaultdict(list)
        for offer in offers:
            found[offer.node_id].append(offer)
        for node_id in nodes:
            if node_id in found:
                known[node_id] = tuple(found[node_id])
            else:
                known.pop(node_id, None)

    def of(self, domain_id: DomainId, node_id: NodeId) -> tuple[Offer, ...]:
        """Return what is open for a node: the same object until that changes, and nothing of a Domain not followed."""
        known = self._offers.get(domain_id)
        return NOTHING if known is None else known.get(node_id, NOTHING)

    def forget(self, domain_id: DomainId) -> None:
        """Follow the Domain no more."""
        self._offers.pop(domain_id, None)
