"""What nodes corrected when they reconciled."""

from collections.abc import Sequence
from typing import Final, Protocol

from plexsphere.fleet.domain.drift import DriftReport
from plexsphere.platform.kernel.ids import DomainId, NodeId

MOST_REPORTS: Final = 100


class Drift(Protocol):
    """The newest reports of each node."""

    async def add(self, domain_id: DomainId, node_id: NodeId, report: DriftReport, /) -> None:
        """
        Keep the report, and of the node's earlier ones the newest 99.

        Raises:
            NodeNotFound: the node was never registered.
        """
        ...

    async def list(self, domain_id: DomainId, node_id: NodeId, /) -> Sequence[DriftReport]:
        """Return the node's reports, the newest first; none for a node that is not known."""
        ...
