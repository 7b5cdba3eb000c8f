"""The node protocol's surface, answered by fleet's use cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.callers import CallingNode
from plexsphere.api.problem import Problem
from plexsphere.api.v1.node_protocol import problems, wiring
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.doorway import Doorways
from plexsphere.fleet.application.get_state import GetState
from plexsphere.fleet.application.open_event_stream import OpenEventStream
from plexsphere.fleet.application.record_heartbeat import RecordHeartbeat
from plexsphere.fleet.application.remove_node import RemoveNode
from plexsphere.fleet.application.report_drift import ReportDrift
from plexsphere.fleet.application.update_capabilities import UpdateCapabilities
from plexsphere.fleet.application.update_endpoint import UpdateEndpoint
from plexsphere.fleet.domain import errors
from plexsphere.fleet.domain.drift import Correction
from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail
from plexsphere.platform.kernel.subjects import node_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

DEREGISTERED: Final = "deregistered"
SOON: Final = {"Retry-After": "5"}
AFTER_THE_CROWD: Final = {"Retry-After": "10"}
LATER: Final = {"Retry-After": "60"}

PROBLEM_OF: Final[Mapping[type[Exception], Problem]] = {
    errors.NodeNotFound: catalogue.NODE_NOT_FOUND,
    errors.DomainNotFound: catalogue.NODE_NOT_FOUND,
    errors.InvalidEndpoint: catalogue.INVALID_BODY,
    errors.InvalidManifest: catalogue.INVALID_BODY,
    errors.InvalidSandbox: problems.INVALID_SANDBOX,
    errors.TooManyStates: catalogue.OVERLOADED,
    errors.TooManyStreams: problems.TOO_MANY_STREAMS,
    errors.PlaceLostTooOften: catalogue.RATE_LIMITED,
    errors.StreamsReplacedTooOften: catalogue.RATE_LIMITED,
}
DETAIL_OF: Final[Mapping[type[Exception], str]] = {
    errors.InvalidEndpoint: (
        "public_endpoint is an address and a port such as 203.0.113.10:51820; nat_type is one that agents know"
    ),
    errors.PlaceLostTooOften: (
        "this node's stream is opened again and again without the Last-Event-ID of a frame that it was sent"
    ),
    errors.StreamsReplacedTooOften: (
        "this node's stream is opened again and again: is its data directory on two machines?"
    ),
}
HEADERS_OF: Final[Mapping[type[Exception], Mapping[str, str]]] = {
    errors.TooManyStates: AFTER_THE_CROWD,
    errors.TooManyStreams: SOON,
    errors.PlaceLostTooOften: LATER,
    errors.StreamsReplacedTooOften: LATER,
}


def _detail(error: Exception) -> str:
    return error.detail if isinstance(error, errors.InvalidManifest) else DETAIL_OF.get(type(error), "")


TRANSLATED: Final = Translation(PROBLEM_OF, _detail, HEADERS_OF)


@dataclass(frozen=True, slots=True)
class NodeProtocolBridge:
    """Answers the surface's port `NodeProtocol`."""

    unit_of_work: UnitOfWork
    record_heartbeat: RecordHeartbeat
    get_state: GetState
    open_event_stream: OpenEventStream
    update_endpoint: UpdateEndpoint
    update_capabilities: UpdateCapabilities
    report_drift: ReportDrift
    remove_node: RemoveNode
    trail: AuditTrail
    doorways: Doorways

    def heartbeat(self, node: CallingNode, timestamp: datetime | None, binary_checksum: str, /) -> bool:
        return self.record_heartbeat(node.domain_id, node.node_id, timestamp, binary_checksum)

    async def state(self, node: CallingNode, known_tag: str, seen_offset: int, /) -> wiring.StateView:
        with TRANSLATED:
            return await self.get_state(node.domain_id, node.node_id, known_tag, seen_offset)

    async def events(self, node: CallingNode, last_event_id: str, /) -> wiring.Stream:
        with TRANSLATED:
            return await self.open_event_stream(node.domain_id, node.node_id, last_event_id)

    async def endpoint(
        self, node: CallingNode, public_endpoint: str, nat_type: str, /
    ) -> Sequence[wiring.PeerEndpointView]:
        with TRANSLATED:
            peers = await self.update_endpoint(node.domain_id, node.node_id, public_endpoint, nat_type)
        return [wiring.PeerEndpointView(str(peer.peer_id), peer.endpoint) for peer in peers]

    async def capabilities(self, node: CallingNode, manifest: bytes, /) -> None:
        with TRANSLATED:
            await self.update_capabilities(node.domain_id, node.node_id, manifest)

    async def drift(self, node: CallingNode, corrections: Sequence[wiring.Correction], /) -> None:
        with TRANSLATED:
            found = [Correction(each.type, each.detail) for each in corrections]
            await self.report_drift(node.domain_id, node.node_id, found)

    async def deregister(self, node: CallingNode, /) -> None:
        about = node_object(node.node_id)
        with TRANSLATED:
            async with self.doorways(node.domain_id), self.unit_of_work():
                await self.remove_node(node.domain_id, node.node_id, DEREGISTERED, confirm=True)
                self.trail.record(AuditEntry(node.domain_id, str(about), "node.deregister", about))
