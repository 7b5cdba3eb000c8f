"""Who can reach whom in a mesh, at one moment."""

from dataclasses import dataclass

from plexsphere.fleet.domain.node import Node, Reachability
from plexsphere.platform.kernel.ids import NodeId


@dataclass(frozen=True, slots=True)
class Edge:
    """A node and a peer it sees; the pair is healthy when both are, else it fares as the one that is not."""

    source: NodeId
    target: NodeId
    reachability: Reachability

    @classmethod
    def between(cls, source: Node, target: Node) -> "Edge":
        """Return the edge of two nodes."""
        is_well = source.reachability is Reachability.HEALTHY
        return cls(source.id, target.id, target.reachability if is_well else source.reachability)


@dataclass(frozen=True, slots=True)
class Topology:
    """The nodes of a mesh, and for as many of them as fit the edges that leave them; `is_whole` when all fitted."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[Edge, ...], ...]
    is_whole: bool
