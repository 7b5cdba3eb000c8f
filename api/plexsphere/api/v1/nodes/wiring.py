"""What this surface needs from outside, in its own words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class NodeView:
    """A live node; it has no field for anything that is secret."""

    id: UUID
    name: str
    domain_id: UUID
    project_id: UUID
    kind: str
    hostname: str
    mesh_ip: str
    public_key: str
    metadata: Mapping[str, str]
    facts: Mapping[str, str]
    reachability: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What a patch names; None leaves the name alone, a key without a value is removed."""

    name: str | None = None
    metadata: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """One thing that a node put right, in its own words."""

    type: str
    detail: str


@dataclass(frozen=True, slots=True)
class DriftView:
    """What one reconciliation corrected."""

    id: UUID
    reported_at: datetime
    corrections: Sequence[CorrectionView]


@dataclass(frozen=True, slots=True)
class NodeReachabilityView:
    """How a node was last heard of; `last_heartbeat_at` None while it never was."""

    state: str
    last_heartbeat_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TopologyNodeView:
    """A node of a mesh."""

    node_id: UUID
    mesh_ip: str
    reachability: str


@dataclass(frozen=True, slots=True)
class EdgeView:
    """A node and a peer that it sees."""

    source: UUID
    target: UUID
    status: str


@dataclass(frozen=True, slots=True)
class TopologyView:
    """A mesh at one moment, in groups that are each written without a pause; `is_whole` when every edge is there."""

    generated_at: datetime
    nodes: Iterable[Sequence[TopologyNodeView]]
    edges: Iterable[Sequence[EdgeView]]
    is_whole: bool


class Nodes(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def find(self, node_id: UUID, /) -> NodeView | None:
        """Return a live node, before anything is permitted: the caller of this may not show it yet."""
        ...

    async def page(self, wanted: PageRequest, domain_id: UUID | None, /) -> Page[NodeView]:
        """Return a page of the nodes of one Domain, or of all, by id."""
        ...

    async def change(self, permitted: Permitted, node: NodeView, change: NodeChange, /) -> NodeView:
        """
        Change what the patch names.

        Raises:
            Refusal: node_not_found, invalid_node_name, invalid_metadata.
        """
        ...

    async def put_metadata(self, permitted: Permitted, node: NodeView, key: str, value: str, /) -> NodeView:
        """
        Set one metadata key.

        Raises:
            Refusal: node_not_found, invalid_metadata.
        """
        ...

    async def delete_metadata(self, permitted: Permitted, node: NodeView, key: str, /) -> None:
        """
        Remove one metadata key.

        Raises:
            Refusal: node_not_found, metadata_key_not_found.
        """
        ...

    async def remove(self, permitted: Permitted, node: NodeView, /, *, confirm: bool) -> None:
        """
        Take the node out of the mesh by force.

        Raises:
            Refusal: node_not_found, confirmation_required.
        """
        ...

    async def drift(self, permitted: Permitted, node: NodeView, /) -> Sequence[DriftView]:
        """Return what the node put right lately, the newest first."""
        ...

    async def reachability(self, permitted: Permitted, node: NodeView, /) -> NodeReachabilityView:
        """
        Return how the node was last heard of.

        Raises:
            Refusal: node_not_found.
        """
        ...

    async def topology(self, permitted: Permitted, domain_id: UUID, /) -> TopologyView:
        """
        Return the topology of a Domain's mesh.

        Raises:
            Refusal: domain_not_found.
        """
        ...
