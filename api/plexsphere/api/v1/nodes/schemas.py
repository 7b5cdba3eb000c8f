"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plexsphere.api.body import KIB, BodyRule
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.nodes import problems
from plexsphere.api.v1.nodes.wiring import (
    DriftView,
    EdgeView,
    NodeChange,
    NodeReachabilityView,
    NodeView,
    TopologyNodeView,
)

# Documented here, enforced by the domain, whose refusals have names of their own.
Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 255})]
Value = Annotated[str, Meta(extra_json_schema={"maxLength": 255})]
State = Annotated[
    str, Meta(extra_json_schema={"enum": ["never_reported", "healthy", "stale", "unreachable"]})
]
# An edge without a relay: published clients require an id there.
NO_RELAY: Final = UUID(int=0)


class NodeSummary(msgspec.Struct, frozen=True):
    """A node in a list."""

    id: UUID
    name: str
    domain_id: UUID
    project_id: UUID
    kind: str
    hostname: str
    mesh_ip: str
    reachability: str
    created_at: datetime

    @classmethod
    def of(cls, view: NodeView) -> Self:
        """Show the node."""
        return cls(
            id=view.id,
            name=view.name,
            domain_id=view.domain_id,
            project_id=view.project_id,
            kind=view.kind,
            hostname=view.hostname,
            mesh_ip=view.mesh_ip,
            reachability=view.reachability,
            created_at=view.created_at,
        )


class Node(msgspec.Struct, frozen=True):
    """A node; `metadata` is what operators say of it, `facts` what it said of itself at registration."""

    id: UUID
    name: str
    domain_id: UUID
    project_id: UUID
    kind: str
    hostname: str
    mesh_ip: str
    public_key: str
    metadata: dict[str, str]
    facts: dict[str, str]
    reachability: str
    created_at: datetime

    @classmethod
    def of(cls, view: NodeView) -> Self:
        """Show the node."""
        return cls(
            id=view.id,
            name=view.name,
            domain_id=view.domain_id,
            project_id=view.project_id,
            kind=view.kind,
            hostname=view.hostname,
            mesh_ip=view.mesh_ip,
            public_key=view.public_key,
            metadata=dict(view.metadata),
            facts=dict(view.facts),
            reachability=view.reachability,
            created_at=view.created_at,
        )


class NodeList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[NodeSummary]
    next_cursor: str | None = None


class NodePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes; a key whose value is null is removed, keys that are not named stay."""

    name: Name | UnsetType = UNSET
    metadata: dict[str, Value | None] | UnsetType = UNSET

    def change(self) -> NodeChange:
        """
        Return what the patch names.

        Raises:
            Refusal: `empty_patch`.
        """
        if self.name is UNSET and self.metadata is UNSET:
            raise Refusal(problems.EMPTY_PATCH)
        return NodeChange(
            name=None if self.name is UNSET else self.name,
            metadata={} if self.metadata is UNSET else self.metadata,
        )


class MetadataValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value of one metadata key."""

    value: Value


class DriftCorrection(msgspec.Struct, frozen=True):
    """One thing that the node put right, in its own words."""

    type: str
    detail: str


class DriftReport(msgspec.Struct, frozen=True):
    """What one reconciliation corrected."""

    id: UUID
    reported_at: datetime
    corrections: list[DriftCorrection]

    @classmethod
    def of(cls, view: DriftView) -> Self:
        """Show the report."""
        corrections = [DriftCorrection(each.type, each.detail) for each in view.corrections]
        return cls(view.id, view.reported_at, corrections)


class DriftReports(msgspec.Struct, frozen=True):
    """The newest reports, at most 100, the newest first."""

    items: list[DriftReport]


class NodeReachability(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    How a node was last heard of.

    `stale` is what agents are told as `unreachable`, `unreachable` what they are told as `offline`.
    """

    state: State
    changed_at: datetime
    last_heartbeat_at: datetime | None = None

    @classmethod
    def of(cls, view: NodeReachabilityView) -> Self:
        """Show it."""
        return cls(view.state, view.changed_at, view.last_heartbeat_at)


class TopologyNode(msgspec.Struct, frozen=True):
    """A node of the mesh."""

    node_id: UUID
    mesh_ip: str
    reachability: str

    @classmethod
    def of(cls, view: TopologyNodeView) -> Self:
        """Show the node."""
        return cls(view.node_id, view.mesh_ip, view.reachability)


class TopologyEdge(msgspec.Struct, frozen=True):
    """
    A node and a peer that it sees.

    `relay_node_id` is the nil id on a direct edge; `status` is `healthy` when both ends are, else the reachability of
    the one that is not.
    """

    source_node_id: UUID
    target_node_id: UUID
    mode: Literal["direct"]
    relay_node_id: UUID
    status: str

    @classmethod
    def of(cls, view: EdgeView) -> Self:
        """Show the edge."""
        return cls(view.source, view.target, "direct", NO_RELAY, view.status)


class Topology(msgspec.Struct, frozen=True):
    """A mesh at one moment; `edges_truncated` says that it has more edges than are shown."""

    domain_id: UUID
    generated_at: datetime
    edges_truncated: bool
    nodes: list[TopologyNode]
    edges: list[TopologyEdge]


PATCH: Final = BodyRule(msgspec.json.Decoder(NodePatch), cap=64 * KIB)
PUT_METADATA: Final = BodyRule(msgspec.json.Decoder(MetadataValue), cap=8 * KIB)
