"""
Agents that only read their event streams, in a process of their own: what they cost is no part of what is measured.

`python -m tests.bench.readers` opens the streams that its first line of input names, then waits once for each further
line: until every stream has a whole event of that type. Instants are of the machine's monotonic clock. Every event
that counted is verified as agents do, after the clock stopped.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, cast

import uvloop

from plexd.protocol.events.framing import FrameParser
from plexd.protocol.events.verification import Verifier
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.timing import SystemClock
from tests.bench.load import request

OPEN: Final = b": \n\n"
AT_ONCE: Final = 64


class Reading(asyncio.Protocol):
    """One stream: notes when a whole event of the type that is waited for was there."""

    def __init__(self, node_id: str, bearer: str) -> None:
        self.node_id: Final = node_id
        self.at = 0.0
        self._ask: Final = request("GET", f"/v1/nodes/{node_id}/events", bearer)
        self._octets = bytearray()
        self._wanted = OPEN
        self._found = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._ask)

    def data_received(self, data: bytes) -> None:
        self._octets += data
        place = self._octets.find(self._wanted)
        if place >= 0 and not self._found.done() and self._octets.find(b"\n\n", place) >= 0:
            self.at = time.monotonic()
            self._found.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        if not self._found.done():
            self._found.set_exception(ConnectionError(bytes(self._octets[:200])))

    async def opened(self) -> None:
        """Wait for the first sign of life."""
        await self._found

    def want(self, event_type: str) -> None:
        """Look for an event of this type from now on."""
        self._octets.clear()
        self._wanted = b"event: %s\n" % event_type.encode()
        self._found = asyncio.get_running_loop().create_future()

    async def found(self) -> float:
        """Return when it was there, whole."""
        await self._found
        return self.at

    def verify(self, keys: SigningKeys) -> int:
        """Return how many events arrived; every one of them is believed, or `Rejected` is raised."""
        verifier = Verifier(self.node_id, keys, SystemClock())
        # What frames the chunks are lines without a field's name, and pass for nothing.
        return len([verifier.verify(frame.data) for frame in FrameParser().feed(bytes(self._octets))])

    def close(self) -> None:
        """Go away."""
        self._transport.close()


async def _opened(told: dict[str, Any]) -> list[Reading]:
    context = ssl.create_default_context(cafile=told["ca"]) if told["ca"] else None
    places = asyncio.Semaphore(AT_ONCE)

    async def one(node_id: str, bearer: str) -> Reading:
        async with places:
            _, reading = await asyncio.get_running_loop().create_connection(
                lambda: Reading(node_id, bearer),
                "127.0.0.1",
                told["port"],
                ssl=context,
            )
            await reading.opened()
            return reading

    return list(await asyncio.gather(*(one(*node) for node in told["nodes"])))


async def _wait(readings: Sequence[Reading], event_type: str, keys: SigningKeys | None) -> None:
    for reading in readings:
        reading.want(event_type)
    _say(ready=len(readings))
    arrivals = await asyncio.gather(*(reading.found() for reading in readings))
    verified = sum(reading.verify(keys) for reading in readings) if keys else 0
    _say(arrivals=sorted(arrivals), verified=verified)


def _say(**words: Any) -> None:
    print(json.dumps(words), flush=True)


async def _main() -> None:
    lines = _Lines()
    told = json.loads(await lines.next())
    keys = SigningKeys.registered(told["key"]) if told["key"] else None
    readings = await _opened(told)
    _say(opened=len(readings))
    while event_type := (await lines.next()).strip():
        await _wait(readings, event_type, keys)


class _Lines:
    async def next(self) -> str:
        return await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
