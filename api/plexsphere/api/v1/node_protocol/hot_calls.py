"""The calls of nodes that come every few seconds from every one of them (design section 5)."""

import asyncio
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

import msgspec

from plexsphere.api.body import KIB, BodyRule, read
from plexsphere.api.callers import CallingNode
from plexsphere.api.node_call import ENCODER, JSON, NOT_STORED, NOTHING_TO_DO, answer, headers_of, require_own
from plexsphere.api.shedding import Work
from plexsphere.api.straight import Write, straight_write
from plexsphere.api.v1.node_protocol import problems
from plexsphere.api.v1.node_protocol.protocol_call import ProtocolCall
from plexsphere.api.v1.node_protocol.schemas import (
    EndpointAnswer,
    EndpointRequest,
    HeartbeatRequest,
    PeerEndpoint,
)
from plexsphere.api.v1.node_protocol.wiring import Stream

STREAM_HEAD: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
RECONCILE: Final = b'{"reconcile":true}'
SEND_SECONDS: Final = 30.0
NO_YEAR: Final = 1

HEARTBEAT: Final = BodyRule(msgspec.json.Decoder(HeartbeatRequest), cap=8 * KIB)
ENDPOINT: Final = BodyRule(
    msgspec.json.Decoder(EndpointRequest), cap=4 * KIB, too_large=problems.ENDPOINT_TOO_LARGE
)


class Heartbeat(ProtocolCall):
    """POST …/heartbeat: one dictionary write, no statement."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        body = await read(receive, headers, HEARTBEAT)
        require_own("node_id", body.node_id, node.name)
        asked = self.protocol.heartbeat(node, _told(body.timestamp), body.binary_checksum)
        await answer(send, 200, RECONCILE if asked else NOTHING_TO_DO, (JSON,))

    def _require_room(self) -> None:
        # What tells who lives is the last to be refused, and the cheapest to do.
        return

    def _require_lookup(self) -> None:
        return

    def _require_pace(self, node: CallingNode) -> None:
        self.gate.limits.require_heartbeat(node.name)


class State(ProtocolCall):
    """GET …/state: from the view, tag and body of one moment."""

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        known = headers.get("if-none-match", "").removeprefix("W/")
        state = await self.protocol.state(node, known, _offset(headers.get("plexsphere-state-version", "")))
        head = (
            (b"etag", state.tag.encode()),
            (b"plexsphere-state-version", str(state.offset).encode()),
            NOT_STORED,
        )
        if state.body is None:
            await answer(send, 304, b"", head)
        else:
            await answer(send, 200, state.body.encode(), (*head, JSON))


class Endpoint(ProtocolCall):
    """PUT …/endpoint: no statement when nothing changed."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        body = await read(receive, headers, ENDPOINT)
        peers = await self.protocol.endpoint(node, body.public_endpoint, body.nat_type)
        told = EndpointAnswer([PeerEndpoint(peer.peer_id, peer.endpoint) for peer in peers])
        await answer(send, 200, ENCODER.encode(told), (JSON,))


class Events(ProtocolCall):
    """GET …/events: refused before the headers or served until it ends."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
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


def _told(timestamp: datetime | None) -> datetime | None:
    if timestamp is None or timestamp.year == NO_YEAR or timestamp.tzinfo is None:
        return None
    return timestamp


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
