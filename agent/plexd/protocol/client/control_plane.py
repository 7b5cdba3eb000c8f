"""The control plane as a machine sees it before it is a node."""

from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.client.transport import Call, Transport
from plexd.protocol.messages.registration import Identity, RegisterRequest, Registration
from plexd.protocol.wire import decode, encode


class ControlPlane:
    """Admits machines and speaks with each as the node it became; one instance serves any number of them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def register(self, request: RegisterRequest) -> Registration:
        """
        Redeem a bootstrap token (call 1).

        Raises:
            ControlPlaneError: `Unauthorized` where the token is worth nothing, and as every call.
        """
        answer = await self._transport.send(Call("POST", "/v1/register", body=encode(request)))
        return decode(answer.body, Registration)

    def as_node(self, identity: Identity) -> NodeChannel:
        """Return the calls of the node with this identity."""
        return NodeChannel(self._transport, identity)
