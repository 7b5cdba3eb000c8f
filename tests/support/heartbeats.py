"""Nodes that say they live, often, to whichever server takes it; and those that were made to fall silent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Final

from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import ControlPlaneError
from plexd.protocol.messages.heartbeat import Heartbeat
from tests.support.control_plane import Place
from tests.support.event_reader import Enrolled

BEAT_SECONDS: Final = 0.4


class Beating:
    """The nodes and their servers; a node in `silent` says nothing, `refused` counts what no server took."""

    def __init__(self, nodes: Sequence[Enrolled], servers: Sequence[Transport]) -> None:
        self.nodes: Final = nodes
        self.silent: Final[set[str]] = set()
        self.refused = 0
        self._servers: Final = servers

    async def run(self) -> None:
        """Beat until cancelled."""
        for turn in count():
            await asyncio.gather(*(self._beat(node, turn + at) for at, node in enumerate(self.nodes)))
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat(self, node: Enrolled, turn: int) -> None:
        if node.node_id in self.silent:
            return
        heartbeat = Heartbeat(node.node_id, "0001-01-01T00:00:00Z", "healthy", "1h0m", "")
        for attempt in range(len(self._servers)):
            server = self._servers[(turn + attempt) % len(self._servers)]
            with suppress(ControlPlaneError):
                await node.channel(server).heartbeat(heartbeat)
                return
        self.refused += 1


@asynccontextmanager
async def beating(nodes: Sequence[Enrolled], servers: Sequence[Transport]) -> AsyncIterator[Beating]:
    """Let the nodes beat for as long as the block lasts."""
    hearts = Beating(nodes, servers)
    task = asyncio.create_task(hearts.run())
    try:
        yield hearts
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def beat_each_second(place: Place) -> None:
    """Have the Domain expect a heartbeat each second: stale after 3 s, unreachable after 10, and the grace."""
    body = {"reachability": {"heartbeat_interval": "1s"}}
    async with place.as_operator() as client:
        (await client.patch(f"/v1/domains/{place.domain_id}", json=body)).raise_for_status()
