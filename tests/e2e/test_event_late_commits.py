"""A server that is slow to commit: what it says late is told late, in order, and not lost (C25)."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from plexd.protocol.client.transport import Transport
from plexd.protocol.events.position import Position
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served, server_process
from tests.support.event_reader import EventReader, reading
from tests.support.event_scene import first_offsets, grouped_mesh, move, peers_within, places_due, sequenced

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

MOVERS = 4
ROUNDS = 8
HELD = "request.before-commit=pause:0.5s%50"


async def test_what_a_held_commit_says_reaches_every_stream_behind_what_overtook_it(
    database: Secret[str],
) -> None:
    """C25: half of one server's commits are held back, and the other server's overtake them."""
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(served(database))
        held = await stack.enter_async_context(server_process(database, PLEXSPHERE_FAILPOINTS=HELD))
        servers = [
            await stack.enter_async_context(Transport.connected(url))
            for url in (place.base_url, held.base_url)
        ]
        mesh = await grouped_mesh(place, servers[0], 1, MOVERS + 2)
        since = await first_offsets(database)
        readers = [EventReader(node, behind=since[node.node_id]) for node in mesh[0][MOVERS:]]
        for reader, server in zip(readers, servers, strict=True):
            await stack.enter_async_context(reading(reader, reader.node.channel(server), again=True))
        for number in range(ROUNDS):
            # Each server moves half of the nodes in one round, and the other half in the next.
            turns = [(node, servers[(number + at) % 2]) for at, node in enumerate(mesh[0][:MOVERS])]
            await asyncio.gather(*(move(node, server, number + 1) for node, server in turns))
        await sequenced(database)
        behind = {reader.node.node_id: since[reader.node.node_id] for reader in readers}
        due = await places_due(database, peers_within(mesh), behind)
        await asyncio.gather(*(_told(reader, due[reader.node.node_id]) for reader in readers))


async def _told(reader: EventReader, due: Sequence[Position]) -> None:
    await reader.until_true(20, lambda: len(reader.told) >= len(due))

    assert reader.faults == []
    assert list(reader.told) == due
    assert len(due) >= MOVERS * ROUNDS
