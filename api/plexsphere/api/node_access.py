"""Who may do what to a node: what he may do in the node's Project (design D4, D35)."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from plexsphere.api import catalogue
from plexsphere.api.callers import Permitted
from plexsphere.api.gate import AnyRequest, Gate, path_id
from plexsphere.api.problem import Refusal
from plexsphere.platform.kernel.subjects import project_object


class HomedNode(Protocol):
    """A node that belongs to a Project."""

    @property
    def id(self) -> UUID:
        """Return its id."""
        ...

    @property
    def domain_id(self) -> UUID:
        """Return its Domain's id."""
        ...

    @property
    def project_id(self) -> UUID:
        """Return its Project's id."""
        ...


FoundNode = TypeVar("FoundNode", bound=HomedNode, covariant=True)


class FindableNodes(Protocol[FoundNode]):
    """Knows the live nodes."""

    async def find(self, node_id: UUID, /) -> FoundNode | None:
        """Return a live node, before anything is permitted: the caller of this may not show it yet."""
        ...


@dataclass(frozen=True, slots=True)
class NodeAccess(Generic[FoundNode]):
    """A node, and the proof that the caller may do to it what he asks for."""

    permitted: Permitted
    node: FoundNode


async def node_access(
    request: AnyRequest,
    gate: Gate,
    nodes: FindableNodes[FoundNode],
    node_id: str,
    permission: str,
    relation: str,
) -> NodeAccess[FoundNode]:
    """
    Let the caller through to a node.

    The node must be looked up to know whose permission is asked for, yet nothing may tell a stranger whether it
    exists. So an unknown node stands in for a Project of its own id: nobody holds a relation there, and the refusal
    is the one that a foreign Project earns. Only who passes even that (managing the platform is managing everything)
    learns that there is no such node.

    Raises:
        Refusal: unauthenticated, invalid_node_id, permission_denied or node_not_found, in this order.
    """
    caller = await gate.operator(request)
    wanted = path_id(node_id, catalogue.INVALID_NODE_ID)
    node = await nodes.find(wanted)
    home = project_object(node.project_id if node else wanted)
    permitted = await gate.require(caller, permission, home, relation)
    if node is None:
        raise Refusal(catalogue.NODE_NOT_FOUND)
    return NodeAccess(permitted, node)
