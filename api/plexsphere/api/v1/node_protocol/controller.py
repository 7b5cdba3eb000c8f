"""Handlers of the calls that are not hot."""

from typing import Any, Final

import msgspec
from litestar import Controller, Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.body import KIB, BodyRule, read
from plexsphere.api.callers import CallingNode
from plexsphere.api.gate import NodeGate
from plexsphere.api.operation import serves
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.node_protocol import operations, problems
from plexsphere.api.v1.node_protocol.schemas import Capabilities, Done, DriftRequest
from plexsphere.api.v1.node_protocol.wiring import Correction, NodeProtocol

AnyRequest = Request[Any, Any, Any]

MANIFEST: Final = BodyRule(
    msgspec.json.Decoder(dict[str, Any]), cap=256 * KIB, too_large=problems.CAPABILITIES_TOO_LARGE
)
DRIFT: Final = BodyRule(msgspec.json.Decoder(DriftRequest), cap=256 * KIB)


class NodeProtocolController(Controller):
    """Capabilities, drift and deregistration."""

    @serves(operations.CAPABILITIES)
    async def capabilities(
        self,
        request: AnyRequest,
        node_gate: NamedDependency[SkipValidation[NodeGate]],
        node_protocol: NamedDependency[SkipValidation[NodeProtocol]],
    ) -> Done:
        """Store what the node can do, whole."""
        node = await _node(request, node_gate)
        manifest = await read(request.receive, request.headers, MANIFEST)
        _require_shape(manifest)
        await node_protocol.capabilities(node, msgspec.json.encode(manifest))
        return Done()

    @serves(operations.DRIFT)
    async def drift(
        self,
        request: AnyRequest,
        node_gate: NamedDependency[SkipValidation[NodeGate]],
        node_protocol: NamedDependency[SkipValidation[NodeProtocol]],
    ) -> Done:
        """Keep what the node put right."""
        node = await _node(request, node_gate)
        body = await read(request.receive, request.headers, DRIFT)
        await node_protocol.drift(
            node, [Correction(each.type, each.detail) for each in body.corrections or ()]
        )
        return Done()

    @serves(operations.DEREGISTER)
    async def deregister(
        self,
        request: AnyRequest,
        node_gate: NamedDependency[SkipValidation[NodeGate]],
        node_protocol: NamedDependency[SkipValidation[NodeProtocol]],
    ) -> Done:
        """Take the node out of the mesh."""
        node = await _node(request, node_gate)
        await node_protocol.deregister(node)
        return Done()


async def _node(request: AnyRequest, node_gate: NodeGate) -> CallingNode:
    return await node_gate.node(request.headers.get("authorization", ""), request.path_params["node_id"])


def _require_shape(manifest: dict[str, Any]) -> None:
    try:
        msgspec.convert(manifest, Capabilities)
    except msgspec.ValidationError as error:
        raise Refusal(catalogue.INVALID_BODY, str(error)) from None
