"""The collection of nodes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from plexsphere.fleet.domain.node import Node
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId


@dataclass(frozen=True, slots=True)
class NodePage:
    """Nodes in the order of their ids; `is_last` when none follow."""

    nodes: tuple[Node, ...]
    is_last: bool


class Nodes(Protocol):
    """Live nodes, kept under the Domain they belong to; changes join the open unit of work."""

    async def add(self, node: Node, revision: int, /) -> None:
        """
        Add a node at a mesh revision.

        Raises:
            HostnameTaken: a live node of the Domain has the hostname.
            PublicKeyTaken: a live node of the Domain has the key.
        """
        ...

    async def get(self, domain_id: DomainId, node_id: NodeId, /) -> Node | None:
        """Return a live node."""
        ...

    async def find(self, node_id: NodeId, /) -> Node | None:
        """Return a live node of whatever Domain."""
        ...

    async def page(self, domain_id: DomainId | None, after: NodeId | None, limit: int, /) -> NodePage:
        """Return live nodes behind `after`, of one Domain or of all."""
        ...

    async def all_of(self, domain_id: DomainId, /) -> Sequence[Node]:
        """Return every live node of a Domain."""
        ...

    async def changed(
        self, domain_id: DomainId, revision: int, also: Collection[NodeId], /
    ) -> Sequence[Node]:
        """Return the nodes, departed ones included, of a later mesh revision, and those named."""
        ...

    async def facts_of(
        self, domain_id: DomainId, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, Mapping[str, str]]:
        """Return what each of the nodes said of itself at registration; those that do not live are left out."""
        ...

    async def count(self, domain_id: DomainId, project_id: ProjectId | None, /) -> int:
        """Return how many live nodes a Domain, or one of its Projects, has."""
        ...

    async def set_endpoint(
        self, domain_id: DomainId, node_id: NodeId, endpoint: str, nat_type: str, /
    ) -> bool:
        """Change where a live node is reached; False when nothing changed or it is gone."""
        ...

    async def set_named(self, node: Node, revision: int, /) -> None:
        """Store a node's name and metadata, at a mesh revision and its next version."""
        ...

    async def move_epochs(self, domain_id: DomainId, nodes: Collection[NodeId], revision: int, /) -> None:
        """Make every pair key of these nodes fresh, at a mesh revision and their next versions."""
        ...

    async def depart(self, domain_id: DomainId, node_id: NodeId, revision: int, /) -> None:
        """End a node's life at a mesh revision; its address cools down (design D15)."""
        ...

    async def take_first_offset(self, domain_id: DomainId, node_id: NodeId, /) -> int | None:
        """Return where the node's first stream starts, once; None ever after."""
        ...
