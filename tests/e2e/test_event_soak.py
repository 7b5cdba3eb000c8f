"""The long run: 300,000 events, streams that break off thousands of times, servers that are killed 200 times."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.client.transport import Transport
from plexsphere.platform.kernel.secret import Secret
from tests.crash.deployment import Deployment, Server
from tests.support.control_plane import Place, first_boot
from tests.support.event_movers import Movers
from tests.support.event_reader import Enrolled, EventReader
from tests.support.event_scene import first_offsets, grouped_mesh, peers_within, places_due, sequenced

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.soak]

KILLS = 200
GROUPS, READERS_EACH = 20, 2
ROWS_EACH = 75
EVENTS = KILLS * GROUPS * ROWS_EACH
RECONNECTS = 3_000
MOVES_AT_ONCE = 15
TOLD_SECONDS = 60.0


@dataclass
class Tally:
    """What was delivered so far."""

    frames: int = 0
    reconnects: int = 0


@pytest.mark.timeout(3 * 3600)
async def test_three_hundred_thousand_events_reach_their_streams_once_and_in_order_over_two_hundred_kills() -> (
    None
):
    """C24, C25, C26, H37: each stream is told exactly what the log holds for it, looked at after every kill."""
    tally = await delivered(KILLS)

    assert EVENTS == 300_000
    assert tally.frames >= EVENTS * READERS_EACH
    assert tally.reconnects >= RECONNECTS


async def delivered(kills: int) -> Tally:
    """Go through so many kills, and return what was delivered; whatever is lost or out of order fails."""
    async with Deployment.begun() as deployment, AsyncExitStack() as stack:
        servers, mesh, domain_id = await settled(deployment, stack)
        movers = await stack.enter_async_context(Movers.connected(deployment.dsn, domain_id))
        since = await first_offsets(deployment.dsn)
        nodes = [node for group in mesh for node in group[1:]]
        tally = Tally()
        async with following(nodes, since, servers) as readers:
            for number in range(1, kills + 1):
                await one_kill(deployment, movers, [group[0] for group in mesh], number)
                tally.frames += await told_in_order(deployment.dsn, mesh, readers, since)
                tally.reconnects = sum(reader.opened - 1 for reader in readers)
                print(
                    f"{number}/{kills} kills: {tally.frames} frames, {tally.reconnects} reconnects",
                    flush=True,
                )
    return tally


async def settled(
    deployment: Deployment, stack: AsyncExitStack
) -> tuple[list[Transport], list[list[Enrolled]], str]:
    """Have two servers and a mesh; return the ways to the servers, the groups and the Domain."""
    operator, domain_id, project_id = await first_boot(deployment.dsn)
    await asyncio.gather(*(server.boot("") for server in deployment.servers))
    urls = [server.base_url for server in deployment.servers]
    servers = [await stack.enter_async_context(Transport.connected(url)) for url in urls]
    place = Place(urls[0], operator, domain_id, project_id)
    return servers, await grouped_mesh(place, servers[0], GROUPS, READERS_EACH + 1), domain_id


async def one_kill(deployment: Deployment, movers: Movers, nodes: Sequence[Enrolled], number: int) -> None:
    """Move every node while one server is killed and another one boots in its place."""
    server = deployment.servers[number % 2]
    ports = [number * ROWS_EACH + step for step in range(ROWS_EACH)]
    async with asyncio.TaskGroup() as group:
        group.create_task(_killed_and_booted(server, random.Random(number).uniform(0.0, 0.5)))
        for start in range(0, ROWS_EACH, MOVES_AT_ONCE):
            some = [port % 60_000 + 1 for port in ports[start : start + MOVES_AT_ONCE]]
            await asyncio.gather(*(movers.move(node.node_id, some) for node in nodes))
    await sequenced(deployment.dsn)


async def _killed_and_booted(server: Server, after: float) -> None:
    await asyncio.sleep(after)
    await server.kill()
    await server.boot("")


async def told_in_order(
    dsn: Secret[str],
    mesh: Sequence[Sequence[Enrolled]],
    readers: Sequence[EventReader],
    since: dict[str, int],
) -> int:
    """Wait until every reader was told what the log holds for it, compare, and return how many frames that were."""
    due = await places_due(
        dsn, peers_within(mesh), {each.node.node_id: since[each.node.node_id] for each in readers}
    )
    await asyncio.gather(*(_until_told(each, since, len(due[each.node.node_id])) for each in readers))
    for reader in readers:
        node_id = reader.node.node_id
        assert reader.faults == []
        assert [place for place in reader.told if place.offset > since[node_id]] == due[node_id]
        since[node_id] = max([since[node_id], *(place.offset for place in due[node_id])])
        reader.forget()
    return sum(map(len, due.values()))


async def _until_told(reader: EventReader, since: Mapping[str, int], count: int) -> None:
    behind = since[reader.node.node_id]
    await reader.until_true(
        TOLD_SECONDS, lambda: sum(place.offset > behind for place in reader.told) >= count
    )


@asynccontextmanager
async def following(
    nodes: Sequence[Enrolled], since: Mapping[str, int], servers: Sequence[Transport]
) -> AsyncIterator[list[EventReader]]:
    """Let every node follow its events, from server to server, until the block ends."""
    readers = [EventReader(node, behind=since[node.node_id]) for node in nodes]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.follow(_hops(each, servers))) for each in readers]
        yield readers
        for task in tasks:
            task.cancel()


def _hops(reader: EventReader, servers: Sequence[Transport]) -> Iterator[tuple[NodeChannel, int | None]]:
    # Every stay is short, and broken off in the middle of whatever comes.
    chance = random.Random(reader.node.hostname)
    for channel in itertools.cycle(
        chance.sample([reader.node.channel(each) for each in servers], len(servers))
    ):
        yield channel, chance.randrange(2, 40)
