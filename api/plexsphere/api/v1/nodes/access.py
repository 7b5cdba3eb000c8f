"""Who may do what to a node: what he may do in the node's Project (design D4, D35)."""

from dataclasses import dataclass

from plexsphere.api.callers import Permitted
from plexsphere.api.gate import AnyRequest, Gate, path_id
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.nodes import problems
from plexsphere.api.v1.nodes.wiring import Nodes, NodeView
from plexsphere.platform.kernel.subjects import project_object


@dataclass(frozen=True, slots=True)
class NodeAccess:
    """A node, and the proof that the caller may do to it what he asks for."""

    permitted: Permitted
    node: NodeView


async def node_access(
    request: AnyRequest, gate: Gate, nodes: Nodes, node_id: str, permission: str, relation: str
) -> NodeAccess:
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
    wanted = path_id(node_id, problems.INVALID_NODE_ID)
    node = await nodes.find(wanted)
    home = project_object(node.project_id if node else wanted)
    permitted = await gate.require(caller, permission, home, relation)
    if node is None:
        raise Refusal(problems.NODE_NOT_FOUND)
    return NodeAccess(permitted, node)
