"""
The yardstick: the same server and the same decoders, with nothing of ours behind them.

`python -m tests.bench.yardstick_server PORT [CERTIFICATE KEY]` serves until it is killed: a heartbeat that is decoded
and forgotten, and streams that all get one signed frame for each POST to /fan.
"""

import asyncio
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from nacl.signing import SigningKey

from plexsphere.api.sources import Sources
from plexsphere.api.v1.node_protocol.schemas import HeartbeatRequest
from plexsphere.composition.connections import Bounds, Connections
from plexsphere.composition.server import build_server, listening_socket
from plexsphere.composition.settings import Address, Tls
from plexsphere.platform.telemetry.traffic import Traffic

DECODER: Final = msgspec.json.Decoder(HeartbeatRequest)
KEY: Final = SigningKey.generate()
PAYLOAD: Final = b'{"filler":"' + b"x" * 1024 + b'"'
AT_ONCE: Final = 16
MOST_CONNECTIONS: Final = 20_000


class Yardstick:
    """A bare ASGI application."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/events"):
            await self._stream(receive, send)
        elif scope["path"] == "/fan":
            await self._fan(send)
        else:
            await self._heartbeat(receive, send)

    async def _heartbeat(self, receive: Any, send: Any) -> None:
        message = await receive()
        if message["body"]:
            DECODER.decode(message["body"])
        await _answer(send, b"{}")

    async def _fan(self, send: Any) -> None:
        await _answer(send, b"{}")
        waiting, self._waiting = self._waiting, []
        for place, each in enumerate(waiting, start=1):
            each.set_result(None)
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _stream(self, receive: Any, send: Any) -> None:
        head = {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/event-stream")],
        }
        await send(head)
        await send({"type": "http.response.body", "body": b": \n\n", "more_body": True})
        gone = asyncio.create_task(_disconnected(receive))
        while not gone.done():
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
            signature = b64encode(KEY.sign(PAYLOAD).signature)
            body = b"id: 1.0\nevent: policy_updated\ndata: %s,%s}\n\n" % (PAYLOAD, signature)
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _serve(port: int, tls: Tls | None) -> None:
    connections = Connections(Bounds(MOST_CONNECTIONS, MOST_CONNECTIONS), Traffic())
    server = build_server(Yardstick(), tls, connections, Sources())
    await server.serve(sockets=[listening_socket(Address("127.0.0.1", port))])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1]), Tls(*map(Path, sys.argv[2:4])) if sys.argv[2:] else None))
