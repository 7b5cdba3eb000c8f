"""The rows that let nodes and followers know of executions (design D17 to D19)."""

from collections.abc import Iterator, Sequence
from typing import Final

from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId

# Every process holds the recent rows in memory, with all their recipients.
MOST_RECIPIENTS: Final = 2_000


def told(
    domain_id: DomainId, execution_id: ExecutionId, nodes: Sequence[NodeId], *event_types: EventType
) -> Iterator[Announcement]:
    """Yield rows that name these nodes; without event types the nodes hear nothing, and their offers are read anew."""
    frames = tuple(Frame(event_type, execution_id) for event_type in event_types)
    for first in range(0, len(nodes), MOST_RECIPIENTS):
        recipients = tuple(nodes[first : first + MOST_RECIPIENTS])
        yield Announcement(domain_id, SubjectKind.EXECUTION, execution_id, frames, recipients)


def offers_changed(domain_id: DomainId, node_id: NodeId) -> Announcement:
    """Return the row by which followers read the offers of one node anew."""
    return Announcement(domain_id, SubjectKind.OFFERS, node_id)
