"""What nodes of the Domains this process follows still have to be told of."""

import asyncio
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.ports.actions.offers import Offer

OffersOfNode = Mapping[ExecutionId, Offer]
OffersByNode = dict[NodeId, OffersOfNode]

NOTHING: Final[OffersOfNode] = MappingProxyType({})
# So many are taken over in less than 2 ms.
AT_ONCE: Final = 256


class OfferViews:
    """
    The open offers of each followed Domain, by node and by execution, in the order of the executions' ids.

    Whoever reads them reads in the order of the log, so what comes later is newer. What is read is prepared aside, a
    handful with each step, and known in one step.
    """

    def __init__(self) -> None:
        self._offers: Final[dict[DomainId, OffersByNode]] = {}

    async def prepared(
        self, domain_id: DomainId, nodes: Collection[NodeId], offers: Collection[Offer]
    ) -> OffersByNode:
        """
        Return what is to be known when these offers are all that is open for these nodes, and nothing else changed.

        Of a Domain that is not followed, `offers` are all there are.

        An offer that is known already stays the object it is: its parameters are held once.
        """
        known = self._offers.get(domain_id, {})
        if not nodes and not offers:
            return known
        fresh: dict[NodeId, dict[ExecutionId, Offer]] = {}
        for place, offer in enumerate(offers, start=1):
            before = known.get(offer.node_id, NOTHING).get(offer.execution_id)
            fresh.setdefault(offer.node_id, {})[offer.execution_id] = before if before == offer else offer
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        return await _replaced(known, nodes, fresh)

    def drop(self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId) -> None:
        """Know that a node need not be told of this any more, before the log says so."""
        known = self._offers.get(domain_id, {})
        if execution_id in (standing := known.get(node_id, NOTHING)):
            known[node_id] = {
                each: offer for each, offer in standing.items() if each != execution_id
            } or NOTHING

    def know(self, domain_id: DomainId, offers: OffersByNode) -> None:
        """Follow the Domain with what was prepared."""
        self._offers[domain_id] = offers

    def of(self, domain_id: DomainId, node_id: NodeId) -> OffersOfNode:
        """Return what is open for a node: the same object until that changes, and nothing of a Domain not followed."""
        known = self._offers.get(domain_id)
        return NOTHING if known is None else known.get(node_id, NOTHING)

    def forget(self, domain_id: DomainId) -> None:
        """Follow the Domain no more."""
        self._offers.pop(domain_id, None)


async def _replaced(
    known: OffersByNode, nodes: Collection[NodeId], fresh: Mapping[NodeId, OffersOfNode]
) -> OffersByNode:
    others = dict(known)
    for place, node_id in enumerate(nodes, start=1):
        others.pop(node_id, None)
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)
    others.update(fresh)
    return others
