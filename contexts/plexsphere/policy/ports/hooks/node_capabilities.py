"""What nodes announced of themselves, as it is listed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.hooks.manifest import Binary
from plexsphere.policy.domain.node_place import NodePlace


@dataclass(frozen=True, slots=True)
class AnnouncedNode:
    """A node's binary and the names of its first 64 built-in actions, as it told them last."""

    place: NodePlace
    binary: Binary
    builtin_actions: tuple[str, ...]
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class AnnouncedNodePage:
    """A page in the order of the nodes' ids, and whether it is the last."""

    nodes: tuple[AnnouncedNode, ...]
    is_last: bool


class NodeCapabilities(Protocol):
    """The announcements of a Project's nodes."""

    async def nodes_page(
        self,
        domain_id: DomainId,
        project_id: ProjectId,
        only: NodeId | None,
        after: NodeId | None,
        limit: int,
        /,
    ) -> AnnouncedNodePage:
        """Return a page behind `after`, of all nodes or of one."""
        ...
