"""Where a node is at home."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId


@dataclass(frozen=True, slots=True)
class NodePlace:
    """A node, its Project and its Domain."""

    domain_id: DomainId
    project_id: ProjectId
    node_id: NodeId
