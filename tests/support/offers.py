"""Open offers, and what nodes are told of them, for tests that need no database."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from plexsphere.composition.bridges.pending_actions import PendingActionsBridge
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import ExecutionId
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.ports.actions.offers import Offer
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN
from tests.support.steps import driven

PUBLIC_URL: Final = "https://plexsphere.example/base"
EXPIRES: Final = datetime(2026, 1, 15, 11, 0, 0, 900_000, tzinfo=UTC)


def execution_id(number: int) -> ExecutionId:
    """Return the id that `an_offer` gives this number."""
    return ExecutionId(UUID(int=0xE << 64 | number))


def an_offer(to: int, number: int = 1, expires_at: datetime = EXPIRES, parameters: str = "{}") -> Offer:
    """Return an offer to the node with this number."""
    return Offer(
        node_id(to), execution_id(number), "hooks/backup", "hook", parameters, 90, "sha256:ab", expires_at
    )


def pending_actions(clock: Clock, views: OfferViews | None = None) -> PendingActionsBridge:
    """Return what is pending: of no offers when no views are given."""
    return PendingActionsBridge(views or OfferViews(), PUBLIC_URL, clock)


def offered(*offers: Offer) -> OfferViews:
    """Return views of the one Domain, with these offers."""
    views = OfferViews()
    offer_anew(views, [], *offers)
    return views


def offer_anew(views: OfferViews, nodes: Collection[int], *offers: Offer) -> int:
    """Let these be all that is offered to the nodes of these numbers; return in how many steps that was prepared."""
    offered, steps = driven(views.prepared(DOMAIN, list(map(node_id, nodes)), offers))
    views.know(DOMAIN, offered)
    return steps
