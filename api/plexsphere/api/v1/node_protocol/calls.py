"""The calls of nodes that come seldom, and all of the surface's calls together."""

from typing import Any, Final

import msgspec

from plexsphere.api import catalogue
from plexsphere.api.agent_documents import Capabilities as CapabilityManifest
from plexsphere.api.body import KIB, BodyRule, read
from plexsphere.api.gate import NodeGate
from plexsphere.api.node_call import ENCODER, JSON, NOTHING_TO_DO, answer, headers_of
from plexsphere.api.node_calls import DirectCall
from plexsphere.api.operation import Operation
from plexsphere.api.problem import Refusal
from plexsphere.api.shedding import Shedding
from plexsphere.api.v1.node_protocol import operations, problems
from plexsphere.api.v1.node_protocol.hot_calls import Endpoint, Events, Heartbeat, State
from plexsphere.api.v1.node_protocol.protocol_call import ProtocolCall
from plexsphere.api.v1.node_protocol.schemas import DriftRequest
from plexsphere.api.v1.node_protocol.wiring import Correction, NodeProtocol

MANIFEST: Final = BodyRule(
    msgspec.json.Decoder(dict[str, Any]), cap=256 * KIB, too_large=problems.CAPABILITIES_TOO_LARGE
)
DRIFT: Final = BodyRule(msgspec.json.Decoder(DriftRequest), cap=256 * KIB)


def protocol_calls(gate: NodeGate, shedding: Shedding, protocol: NodeProtocol) -> list[DirectCall]:
    """Return the calls of the surface, each with its operation."""
    return [DirectCall(operation, call(gate, shedding, protocol)) for operation, call in CALLS]


class Capabilities(ProtocolCall):
    """PUT …/capabilities: stored whole."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        manifest = await read(receive, headers, MANIFEST)
        _require_shape(manifest)
        await self.protocol.capabilities(node, ENCODER.encode(manifest))
        await answer(send, 200, NOTHING_TO_DO, (JSON,))


class Drift(ProtocolCall):
    """POST …/drift: what a reconciliation put right."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        body = await read(receive, headers, DRIFT)
        found = [Correction(each.type, each.detail) for each in body.corrections or ()]
        await self.protocol.drift(node, found)
        await answer(send, 200, NOTHING_TO_DO, (JSON,))


class Deregister(ProtocolCall):
    """POST …/deregister: the node leaves the mesh."""

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        node = await self._node(scope, headers_of(scope))
        await self.protocol.deregister(node)
        await answer(send, 200, NOTHING_TO_DO, (JSON,))


CALLS: Final[tuple[tuple[Operation, type[ProtocolCall]], ...]] = (
    (operations.HEARTBEAT, Heartbeat),
    (operations.STATE, State),
    (operations.EVENTS, Events),
    (operations.ENDPOINT, Endpoint),
    (operations.CAPABILITIES, Capabilities),
    (operations.DRIFT, Drift),
    (operations.DEREGISTER, Deregister),
)


def _require_shape(manifest: dict[str, Any]) -> None:
    try:
        msgspec.convert(manifest, CapabilityManifest)
    except msgspec.ValidationError as error:
        raise Refusal(catalogue.INVALID_BODY, str(error)) from None
