"""A Domain whose members never change: its nodes read their events, and miss none of them (C24)."""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import ControlPlaneError
from plexd.protocol.events.position import Position
from plexd.protocol.masked import Masked
from plexd.protocol.messages.state import Snapshot, State
from plexsphere.platform.kernel.secret import Secret
from tests.crash.node_deeds import Node
from tests.support.control_plane import Place
from tests.support.event_reader import AGAIN_SECONDS, Enrolled, EventReader, enrol
from tests.support.event_scene import add_policy, first_offsets, places_due, policy
from tests.support.robots import made

NODES: Final = 5
TOLD_SECONDS: Final = 20.0
STAY: Final = (2, 30)


class Watch:
    """Follows every node of its own Domain over both servers, hopping from one to the other."""

    def __init__(
        self, nodes: Sequence[Enrolled], since: dict[str, int], servers: Sequence[Transport]
    ) -> None:
        self._nodes: Final = nodes
        self._servers: Final = servers
        self._since: Final = since
        self._readers: Final = [EventReader(node, behind=since[node.node_id]) for node in nodes]
        self._looked: Final = {node.node_id: 0 for node in nodes}
        self.frames = 0

    @classmethod
    @asynccontextmanager
    async def begun(
        cls, dsn: Secret[str], place: Place, servers: Sequence[Transport]
    ) -> AsyncGenerator["Watch"]:
        """Make the Domain and its nodes, and read their events until the block ends."""
        nodes = await _settled(place, servers[0])
        watch = cls(nodes, await first_offsets(dsn), servers)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.follow(watch._hops(each))) for each in watch._readers]
            yield watch
            for task in tasks:
                task.cancel()

    @property
    def members(self) -> list[Node]:
        """The nodes, for whoever moves them."""
        return [
            Node(each.node_id, each.hostname, each.registration.node_token.reveal()) for each in self._nodes
        ]

    async def broken(self, dsn: Secret[str]) -> list[str]:
        """Wait until each node was told all that the log holds for it, and return what was lost or out of order."""
        members = {each.node_id for each in self._nodes}
        peers = {each: members - {each} for each in members}
        due = await places_due(dsn, peers, {each: self._since[each] for each in members})
        broken = [line for reader in self._readers for line in await self._told(reader, due)]
        for node_id, places in due.items():
            self._since[node_id] = max([self._since[node_id], *(place.offset for place in places)])
        return [*broken, *await self._unequal_keys()]

    async def _told(self, reader: EventReader, due: dict[str, list[Position]]) -> list[str]:
        node_id, looked = reader.node.node_id, self._looked[reader.node.node_id]
        expected = due[node_id]
        try:
            await reader.until_true(TOLD_SECONDS, lambda: len(reader.told) >= looked + len(expected))
        except TimeoutError:
            return [f"{reader.node.hostname} was told {len(reader.told) - looked} of {len(expected)} frames"]
        told = list(itertools.islice(reader.told, looked, None))
        self._looked[node_id] = len(reader.told)
        self.frames += len(told)
        disorder = [] if told == expected else [f"{reader.node.hostname} was told {told} and not {expected}"]
        return [*reader.faults, *disorder]

    async def _unequal_keys(self) -> list[str]:
        # 5.4, 3: each pair has one key, seen equal by both, whichever server they ask.
        keys: dict[tuple[str, str], Masked] = {}
        for node in self._nodes:
            keys |= {(node.node_id, peer.id): peer.psk for peer in (await self._state(node)).peers}
        complete = len(keys) == NODES * (NODES - 1)
        unequal = [
            f"{one} and {other}" for (one, other), key in keys.items() if keys.get((other, one)) != key
        ]
        return (
            [f"3 each pair has one key, seen equal by both: {unequal or len(keys)}"]
            if unequal or not complete
            else []
        )

    async def _state(self, node: Enrolled) -> State:
        # A server that has just begun may be busy, or have met the next cycle's failpoint already.
        async with asyncio.timeout(TOLD_SECONDS):
            while True:
                with suppress(ControlPlaneError):
                    answer = await node.channel(random.choice(self._servers)).state(0)
                    assert isinstance(answer, Snapshot)
                    return answer.state
                await asyncio.sleep(AGAIN_SECONDS)

    def _hops(self, reader: EventReader) -> Iterator[tuple[NodeChannel, int | None]]:
        chance = random.Random(reader.node.hostname)
        for channel in itertools.cycle(reader.node.channel(each) for each in self._servers):
            yield channel, chance.randrange(*STAY)


async def _settled(place: Place, server: Transport) -> list[Enrolled]:
    async with place.as_operator() as client:
        domain = await made(client, "/v1/domains", {"name": "watch", "slug": "watch"})
        wish = {"domain_id": domain["id"], "name": "watch", "slug": "watch"}
        project = await made(client, "/v1/projects", wish)
    home = Place(place.base_url, place.operator, domain["id"], project["id"])
    await add_policy(home, policy("all", "*", "*"))
    tokens = await home.bootstrap_tokens(NODES)
    return [await enrol(server, token, f"watch-{number}") for number, token in enumerate(tokens)]
