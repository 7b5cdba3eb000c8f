"""What every call of the surface asks."""

from dataclasses import dataclass

from plexsphere.api.node_call import NodeCall
from plexsphere.api.v1.node_protocol.wiring import NodeProtocol


@dataclass(frozen=True, slots=True)
class ProtocolCall(NodeCall):
    """A call of the node protocol."""

    protocol: NodeProtocol
