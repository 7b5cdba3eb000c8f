"""Fleet's question what nodes are asked to do, answered by policy's open offers (plexd.md, `action_request`)."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC
from hashlib import blake2b

from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.ports.actions.offers import Offer


@dataclass(frozen=True, slots=True)
class PendingActionsBridge:
    """
    Answers fleet's port `PendingActions`.

    Where results go is `public_url` and the path of the execution: what a request says of its host never gets in (C37).
    """

    views: OfferViews
    public_url: str
    clock: Clock

    def request(self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, /) -> str | None:
        """Return what the node is asked, as JSON without its opening brace; None where it is not pending."""
        offer = self.views.of(domain_id, node_id).get(execution_id)
        return self._told(offer) if offer is not None and offer.expires_at > self.clock.now() else None

    def executions(self, domain_id: DomainId, node_id: NodeId, /) -> Collection[ExecutionId]:
        """Return which executions the node is offered."""
        return self.views.of(domain_id, node_id).keys()

    def all_of(self, domain_id: DomainId, node_id: NodeId, /) -> str:
        """Return the JSON array of what the node is asked."""
        offers = self.views.of(domain_id, node_id)
        if not offers:
            return "[]"
        now = self.clock.now()
        return f"[{','.join(['{' + self._told(each) for each in offers.values() if each.expires_at > now])}]"

    def moment(self, domain_id: DomainId, node_id: NodeId, /) -> object:
        """Return the very object that holds the node's offers."""
        return self.views.of(domain_id, node_id)

    def tag(self, domain_id: DomainId, node_id: NodeId, /) -> bytes:
        """Return a digest of the executions and when each expires."""
        offers = self.views.of(domain_id, node_id)
        if not offers:
            return b""
        digest = blake2b(digest_size=16)
        for each in offers.values():
            digest.update(each.execution_id.bytes + each.expires_at.isoformat().encode())
        return digest.digest()

    def _told(self, offer: Offer) -> str:
        document = {
            "execution_id": str(offer.execution_id),
            "action": offer.action,
            "type": offer.type,
            "parameters": json.loads(offer.parameters),
            "timeout": f"{offer.timeout_seconds}s",
            "callback_url": f"{self.public_url}/v1/nodes/{offer.node_id}/executions/{offer.execution_id}",
            "checksum": offer.checksum,
            "expires_at": offer.expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "triggered_by": {"type": "control_plane"},
        }
        return wire_json(document)[1:]
