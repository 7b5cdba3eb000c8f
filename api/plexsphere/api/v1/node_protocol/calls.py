"""The calls of nodes as plain ASGI, dispatched before the router: most of them are hot (design section 5)."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from plexsphere.api import catalogue
from plexsphere.api.agent_documents import Capabilities as CapabilityManifest
from plexsphere.api.body import KIB, BodyRule, read
from plexsphere.api.callers import CallingNode
from plexsphere.api.edge import AsgiApp
from plexsphere.api.gate import NodeGate
from plexsphere.api.problem import Refusal
from plexsphere.api.shedding import Shedding, Work
from plexsphere.api.straight import Write, straight_write
from plexsphere.api.v1.node_protocol import problems
from plexsphere.api.v1.node_protocol.schemas import (
    DriftRequest,
    EndpointAnswer,
    EndpointRequest,
    HeartbeatRequest,
    PeerEndpoint,
)
from plexsphere.api.v1.node_protocol.wiring import Correction, NodeProtocol, Stream

PREFIX: Final = "/v1/nodes/"
JSON: Final = (b"content-type", b"application/json")
NOT_STORED: Final = (b"cache-control", b"no-store")
STREAM_HEAD: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
NOTHING_TO_DO: Final = b"{}"
RECONCILE: Final = b'{"reconcile":true}'
# Decoding what nobody reads is a large part of a heartbeat's cost.
READ: Final = {
    name.encode(): name
    for name in (
        "authorization",
        "content-type",
        "content-encoding",
        "content-length",
        "if-none-match",
        "last-event-id",
        "plexsphere-state-version",
    )
}
SEND_SECONDS: Final = 30.0
NO_YEAR: Final = 1

HEARTBEAT: Final = BodyRule(msgspec.json.Decoder(HeartbeatRequest), cap=8 * KIB)
ENDPOINT: Final = BodyRule(
    msgspec.json.Decoder(EndpointRequest), cap=4 * KIB, too_large=problems.ENDPOINT_TOO_LARGE
)
MANIFEST: Final = BodyRule(
    msgspec.json.Decoder(dict[str, Any]), cap=256 * KIB, too_large=problems.CAPABILITIES_TOO_LARGE
)
DRIFT: Final = BodyRule(msgspec.json.Decoder(DriftRequest), cap=256 * KIB)
ENCODER: Final = msgspec.json.Encoder()


class NodeCalls:
    """Answers the calls that nodes make about themselves; everything else is the router's."""

    def __init__(self, gate: NodeGate, protocol: NodeProtocol, shedding: Shedding) -> None:
        self._answers: Final[dict[tuple[str, str], AsgiApp]] = {
            route: call(gate, protocol, shedding) for route, call in CALLS.items()
        }

    def match(self, scope: Any, /) -> AsgiApp | None:
        """Return the call that answers the request, or None."""
        path: str = scope["path"]
        if not path.startswith(PREFIX):
            return None
        call = path[len(PREFIX) :].partition("/")[2]
        answers = self._answers.get((scope["method"], call))
        if answers is None and call in ALLOWED and scope["method"] != ROUTED.get(call):
            return _WrongMethod(ALLOWED[call])
        return answers


@dataclass(frozen=True, slots=True)
class _WrongMethod:
    allowed: str

    async def __call__(self, _scope: Any, _receive: Any, _send: Any) -> None:
        raise Refusal(catalogue.METHOD_NOT_ALLOWED, headers={"Allow": self.allowed})


@dataclass(frozen=True, slots=True)
class _Call(ABC):
    gate: NodeGate
    protocol: NodeProtocol
    shedding: Shedding

    @abstractmethod
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    async def _node(self, scope: Any, headers: dict[str, str]) -> CallingNode:
        self._require_room()
        claimed = scope["path"][len(PREFIX) :].partition("/")[0]
        authorization = headers.get("authorization", "")
        node = self.gate.known(authorization, claimed)
        if node is None:
            self._require_lookup()
            node = await self.gate.node(authorization, claimed, scope)
        self._require_pace(node)
        return node

    def _require_room(self) -> None:
        self.shedding.require_room(Work.STATE)

    def _require_lookup(self) -> None:
        self.shedding.require_lookup()

    def _require_pace(self, node: CallingNode) -> None:
        self.gate.limits.require_node_call(node.name)


class Heartbeat(_Call):
    """POST …/heartbeat: one dictionary write, no statement."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = _headers(scope)
        node = await self._node(scope, headers)
        body = await read(receive, headers, HEARTBEAT)
        _require_own(node, body.node_id)
        asked = self.protocol.heartbeat(node, _told(body.timestamp), body.binary_checksum)
        await _answer(send, 200, RECONCILE if asked else NOTHING_TO_DO, (JSON,))

    def _require_room(self) -> None:
        # What tells who lives is the last to be refused, and the cheapest to do.
        return

    def _require_lookup(self) -> None:
        return

    def _require_pace(self, node: CallingNode) -> None:
        self.gate.limits.require_heartbeat(node.name)


class State(_Call):
    """GET …/state: from the view, tag and body of one moment."""

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        headers = _headers(scope)
        node = await self._node(scope, headers)
        known = headers.get("if-none-match", "").removeprefix("W/")
        state = await self.protocol.state(node, known, _offset(headers.get("plexsphere-state-version", "")))
        head = (
            (b"etag", state.tag.encode()),
            (b"plexsphere-state-version", str(state.offset).encode()),
            NOT_STORED,
        )
        if state.body is None:
            await _answer(send, 304, b"", head)
        else:
            await _answer(send, 200, state.body.encode(), (*head, JSON))


class Endpoint(_Call):
    """PUT …/endpoint: no statement when nothing changed."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = _headers(scope)
        node = await self._node(scope, headers)
        body = await read(receive, headers, ENDPOINT)
        peers = await self.protocol.endpoint(node, body.public_endpoint, body.nat_type)
        told = EndpointAnswer([PeerEndpoint(peer.peer_id, peer.endpoint) for peer in peers])
        await _answer(send, 200, ENCODER.encode(told), (JSON,))


class Capabilities(_Call):
    """PUT …/capabilities: stored whole."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = _headers(scope)
        node = await self._node(scope, headers)
        manifest = await read(receive, headers, MANIFEST)
        _require_shape(manifest)
        await self.protocol.capabilities(node, ENCODER.encode(manifest))
        await _answer(send, 200, NOTHING_TO_DO, (JSON,))


class Drift(_Call):
    """POST …/drift: what a reconciliation put right."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = _headers(scope)
        node = await self._node(scope, headers)
        body = await read(receive, headers, DRIFT)
        found = [Correction(each.type, each.detail) for each in body.corrections or ()]
        await self.protocol.drift(node, found)
        await _answer(send, 200, NOTHING_TO_DO, (JSON,))


class Deregister(_Call):
    """POST …/deregister: the node leaves the mesh."""

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        node = await self._node(scope, _headers(scope))
        await self.protocol.deregister(node)
        await _answer(send, 200, NOTHING_TO_DO, (JSON,))


class Events(_Call):
    """GET …/events: refused before the headers or served until it ends."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = _headers(scope)
        node = await self._node(scope, headers)
        stream = await self.protocol.events(node, headers.get("last-event-id", ""))
        watch = asyncio.create_task(_watch(receive, stream))
        try:
            await _serve(stream, straight_write(scope), send)
        except TimeoutError:
            # The reader took nothing for 30 s; it comes back with its last id.
            return
        finally:
            watch.cancel()
            stream.close()

    def _require_room(self) -> None:
        self.shedding.require_room(Work.STREAM)

    def _require_lookup(self) -> None:
        # Whoever comes back opens its stream first; what it asks for afterwards finds its credential known.
        return


CALLS: Final[dict[tuple[str, str], type[_Call]]] = {
    ("POST", "heartbeat"): Heartbeat,
    ("GET", "state"): State,
    ("PUT", "endpoint"): Endpoint,
    ("GET", "events"): Events,
    ("PUT", "capabilities"): Capabilities,
    ("POST", "drift"): Drift,
    ("POST", "deregister"): Deregister,
}
# Operators read a node's drift on the same path, through the router.
ROUTED: Final = {"drift": "GET"}
ALLOWED: Final = {call: method for method, call in CALLS} | {"drift": "GET, POST"}


async def _serve(stream: Stream, write: Write, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(STREAM_HEAD)})
    async with aclosing(stream.frames(write)) as frames:
        async for frame in frames:
            if not write(frame):
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _watch(receive: Any, stream: Stream) -> None:
    # A client that went away is noticed only while somebody waits to receive.
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.leave()


async def _answer(send: Any, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    head = headers if status == 304 else (*headers, (b"content-length", b"%d" % len(body)))
    await send.answer(status, head, body)


def _headers(scope: Any) -> dict[str, str]:
    return {READ[name]: value.decode("latin-1") for name, value in scope["headers"] if name in READ}


def _require_own(node: CallingNode, named: str) -> None:
    # An empty id is what agents in the field send; another node's is a mistake, or worse (C05).
    if named and named.lower() != node.name:
        raise Refusal(catalogue.INVALID_BODY, "node_id names another node; leave it out or send your own")


def _require_shape(manifest: dict[str, Any]) -> None:
    try:
        msgspec.convert(manifest, CapabilityManifest)
    except msgspec.ValidationError as error:
        raise Refusal(catalogue.INVALID_BODY, str(error)) from None


def _told(timestamp: datetime | None) -> datetime | None:
    if timestamp is None or timestamp.year == NO_YEAR or timestamp.tzinfo is None:
        return None
    return timestamp


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
