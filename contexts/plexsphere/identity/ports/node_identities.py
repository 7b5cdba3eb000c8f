"""Storage of node identities."""

from collections.abc import Sequence
from typing import Protocol

from plexsphere.identity.domain.node_identity import NodeIdentity, NodePrincipal
from plexsphere.platform.kernel.ids import DomainId, NodeId


class NodeIdentities(Protocol):
    """The collection of node identities."""

    async def add(self, identity: NodeIdentity) -> None:
        """Keep a new identity."""
        ...

    async def find(self, node_id: NodeId) -> NodeIdentity | None:
        """Return the node's identity, ended or not, or None."""
        ...

    async def find_all(self, node_ids: Sequence[NodeId]) -> Sequence[NodeIdentity]:
        """Return the identities of those nodes that have one, ended or not, in any order."""
        ...

    async def find_by_nsk(self, nsk_sha256: bytes) -> NodeIdentity | None:
        """Return the identity with this node secret key, in a Domain that accepts it as a bearer, or None."""
        ...

    async def claim_unused(self, domain_id: DomainId, node_id: NodeId) -> NodeIdentity | None:
        """Return the living node's identity, whose first use waits until the unit of work ends, or None if used."""
        ...

    async def put_credentials(self, identity: NodeIdentity) -> None:
        """Keep the identity's credentials; the old ones prove nothing any more."""
        ...

    async def mark_used(self, principal: NodePrincipal, text_digest: bytes) -> bool:
        """
        Mark the node's first authenticated call, once, if the bearer with this digest still is the node's.

        Says whether this call made the mark.
        """
        ...

    async def end(self, domain_id: DomainId, node_id: NodeId) -> bool:
        """End the identity; say whether there was a living one."""
        ...

    async def forget_domain(self, domain_id: DomainId) -> None:
        """Forget every identity of a Domain that has no nodes any more."""
        ...
