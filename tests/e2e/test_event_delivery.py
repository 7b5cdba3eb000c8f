"""Over two processes nothing is lost, nothing comes out of order, and every signature is right."""

import asyncio
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack

import pytest

from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.client.transport import Transport
from plexd.protocol.events.position import Position
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import ServerProcess, two_processes
from tests.support.event_movers import Movers, cut_connections
from tests.support.event_reader import Enrolled, EventReader
from tests.support.event_scene import first_offsets, grouped_mesh, peers_within, places_due, sequenced

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

GROUPS, READERS_EACH = 20, 10
MOVES_AT_ONCE = 10
SLOW_WRITERS, HELD_SECONDS = 3, 2.0
CATCH_UP_SECONDS = 90.0


async def test_four_thousand_events_reach_their_ten_streams_once_and_in_order(database: Secret[str]) -> None:
    """C22, C24, C25, H37: streams hop, one process is killed, connections break, transactions commit late."""
    await _prove_delivery(database, 4_000)


@pytest.mark.soak
async def test_twenty_thousand_events_reach_their_ten_streams_once_and_in_order(
    database: Secret[str],
) -> None:
    """C24: the same, for longer."""
    await _prove_delivery(database, 20_000)


async def _prove_delivery(database: Secret[str], events: int) -> None:
    async with two_processes(database) as (place, one, other), AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(Transport.connected(each.base_url)) for each in (one, other)
        ]
        mesh = await grouped_mesh(place, servers[0], GROUPS, READERS_EACH + 1)
        movers = await stack.enter_async_context(Movers.connected(database, place.domain_id))
        since = await first_offsets(database)
        readers = [EventReader(node, behind=since[node.node_id]) for group in mesh for node in group[1:]]
        async with asyncio.TaskGroup() as group:
            following = [group.create_task(each.follow(_hops(each, servers))) for each in readers]
            await _move_all(database, movers, [group[0] for group in mesh], other, events)
            due = await places_due(database, peers_within(mesh), since)
            await asyncio.gather(*(_until_told(each, due) for each in readers))
            for task in following:
                task.cancel()

    assert sum(len(places) for places in due.values()) >= events * READERS_EACH
    for reader in readers:
        assert reader.faults == []
        assert list(reader.told) == due[reader.node.node_id]


async def _until_told(reader: EventReader, due: Mapping[str, Sequence[Position]]) -> None:
    count = len(due[reader.node.node_id])
    await reader.until_true(CATCH_UP_SECONDS, lambda: len(reader.told) >= count)


def _hops(reader: EventReader, servers: Sequence[Transport]) -> Iterator[tuple[NodeChannel, int | None]]:
    # A few short stays, broken off in the middle of whatever comes; then one for as long as it lasts.
    chance = random.Random(reader.node.hostname)
    channels = itertools.cycle(chance.sample([reader.node.channel(each) for each in servers], 2))
    for _ in range(3):
        yield next(channels), chance.randrange(2, 40)
    while True:
        yield next(channels), None


async def _move_all(
    database: Secret[str], movers: Movers, nodes: Sequence[Enrolled], other: ServerProcess, events: int
) -> None:
    times = events // len(nodes)
    async with asyncio.TaskGroup() as group:
        for node in nodes[:SLOW_WRITERS]:
            group.create_task(movers.move_slowly(node.node_id, HELD_SECONDS))
        await _move(movers, nodes, range(1, times // 3))
        await other.kill()
        await _move(movers, nodes, range(times // 3, 2 * times // 3))
        await cut_connections(database)
        await _move(movers, nodes, range(2 * times // 3, times + 1))
    await sequenced(database)


async def _move(movers: Movers, nodes: Sequence[Enrolled], ports: range) -> None:
    for start in range(0, len(ports), MOVES_AT_ONCE):
        some = ports[start : start + MOVES_AT_ONCE]
        await asyncio.gather(*(movers.move(node.node_id, some) for node in nodes))
