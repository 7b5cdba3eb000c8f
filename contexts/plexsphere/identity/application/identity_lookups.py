"""Lookups of identities, gathered while many come at once: after a restart every node of a fleet is unknown."""

from collections.abc import Mapping, Sequence
from typing import Final

from plexsphere.identity.domain.node_identity import NodeIdentity
from plexsphere.identity.ports.node_identities import NodeIdentities
from plexsphere.platform.gathering import Gathering
from plexsphere.platform.kernel.ids import NodeId


class IdentityLookups:
    """Finds the identity of one node for each who asks, and holds two connections at most for all of them."""

    def __init__(self, node_identities: NodeIdentities) -> None:
        self._node_identities: Final = node_identities
        self._gathering: Final = Gathering(self._found)

    async def find(self, node_id: NodeId) -> NodeIdentity | None:
        """
        Return the node's identity as it is after this was called, ended or not, or None.

        Raises:
            StoreUnavailable: it cannot be read, or too many wait for theirs.
        """
        return await self._gathering(node_id)

    async def _found(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeIdentity]:
        found = await self._node_identities.find_all(node_ids)
        return {identity.node_id: identity for identity in found}
