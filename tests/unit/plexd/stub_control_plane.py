"""A small control plane on a loopback socket: answers by script, remembers what it was asked."""

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from tests.unit.plexd.signing import Pen, base64_of, frame, instant_text

NSK = base64_of(b"k" * 32)
END = b"<end>"


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class StubControlPlane:
    """One stream queue per node; `scripted` answers come first, one each; `silent` paths get none."""

    pen: Pen = field(default_factory=Pen)
    base_url: str = ""
    received: list[Received] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    state_version: int = 0
    streams: dict[str, asyncio.Queue[bytes]] = field(default_factory=dict)
    scripted: dict[str, list[web.Response]] = field(default_factory=dict)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    silent: set[str] = field(default_factory=set)

    def script(self, path: str, *answers: web.Response) -> None:
        """Give these answers to the next calls whose path ends so."""
        self.scripted.setdefault(path, []).extend(answers)

    def asked(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path.endswith(path)]

    async def until_asked(self, path: str, seconds: float = 20) -> None:
        """Return once somebody asked for a path that ends so."""
        async with asyncio.timeout(seconds):
            while not self.asked(path):
                self.called.clear()
                await self.called.wait()

    def emit(self, node_id: str, event_type: str, offset: int, k: int = 0, /, **payload: Any) -> bytes:
        """Sign an event for the node, put it on its stream, and return its frame."""
        told = {"node_id": node_id, **payload}
        event_id, now = f"evt-{offset}-{k}-{node_id}", instant_text(datetime.now(UTC))
        data = self.pen.sign(event_type, event_id, now, f"nonce-{event_id}", told)
        text = frame(data, f"{offset}.{k}")
        self.streams[node_id].put_nowait(text)
        return text

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.received.append(await _received(request))
        self.called.set()
        if any(request.path.endswith(ending) for ending in self.silent):
            await asyncio.Event().wait()
        for ending, answers in self.scripted.items():
            if request.path.endswith(ending) and answers:
                return answers.pop(0)
        return await self._usual(request)

    async def _usual(self, request: web.Request) -> web.StreamResponse:
        match request.path.strip("/").split("/"):
            case ["v1", "register"]:
                return self._register()
            case ["v1", "nodes", node_id, "events"]:
                return await self._stream(request, node_id)
            case ["v1", "nodes", node_id, "state"]:
                return self._state(request, node_id)
            case _:
                return web.json_response({})

    def _register(self) -> web.Response:
        node_id = f"node-{len(self.nodes) + 1}"
        self.nodes.append(node_id)
        self.streams[node_id] = asyncio.Queue()
        return web.json_response(
            {
                "node_id": node_id,
                "mesh_ip": f"10.100.0.{len(self.nodes)}",
                "signing_public_key": self.pen.public_key,
                "node_secret_key": NSK,
                "node_token": f"plx_node_{node_id}",
                "peers": None,
                "something_new": 1,
            },
            status=201,
        )

    def _state(self, request: web.Request, node_id: str) -> web.Response:
        body = json.dumps(self.states.get(node_id, {})).encode()
        headers = {"ETag": f'"{hash(body)}"', "Plexsphere-State-Version": str(self.state_version)}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers, content_type="application/json")

    async def _stream(self, request: web.Request, node_id: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while (octets := await self.streams[node_id].get()) != END:
            await response.write(octets)
        return response


async def _received(request: web.Request) -> Received:
    return Received(request.method, request.raw_path, dict(request.headers), await request.read())


def unzipped(received: Received) -> bytes:
    """Return the body; the server has inflated it already where it was sent zipped."""
    return received.body if not received.body.startswith(b"\x1f\x8b") else gzip.decompress(received.body)


def problem(status: int, code: str, **headers: str) -> web.Response:
    told = {"code": code, "title": "No.", "detail": "Not so.", "correlation_id": "c-1", "status": status}
    return web.json_response(
        told,
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        content_type="application/problem+json",
    )


@asynccontextmanager
async def serving(stub: StubControlPlane, tls: ssl.SSLContext | None = None) -> AsyncIterator[ControlPlane]:
    """Serve the stub and give a control plane client for it."""
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", stub.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    stub.base_url = f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with Transport.connected(stub.base_url, call_seconds=5) as transport:
            yield ControlPlane(transport)
    finally:
        await runner.cleanup()
