"""Actions that nodes still have to be told of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A target that was released and neither taken up nor ended: what its node is told.

    `action` is as on the wire; `parameters` is a JSON object, the same one for every node that is told the same; it is
    not told at or after `expires_at`.
    """

    node_id: NodeId
    execution_id: ExecutionId
    action: str
    type: str
    parameters: str
    timeout_seconds: int
    checksum: str
    expires_at: datetime


class Offers(Protocol):
    """The open offers of a Domain."""

    async def all_of(self, domain_id: DomainId, /) -> Sequence[Offer]:
        """Return every open offer of the Domain, by node and in the order of the executions' ids."""
        ...

    async def of_nodes(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> Sequence[Offer]:
        """Return every open offer of these nodes, those of each in the order of the executions' ids."""
        ...
