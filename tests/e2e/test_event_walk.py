"""Whatever operators and nodes do, events alone bring every node to the state as it is."""

from contextlib import AsyncExitStack

import pytest

from plexd.protocol.client.transport import Transport
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served
from tests.support.event_walk import Walk

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

STEPS = 60


@pytest.mark.parametrize("seed", range(3))
async def test_events_alone_bring_every_node_to_its_state(database: Secret[str], seed: int) -> None:
    """Nobody is ever told the key of a pair that is not visible, and both ends of a pair have one key."""
    assert await _faults_of_a_walk(database, seed, STEPS) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 112))
async def test_events_alone_bring_every_node_to_its_state_on_long_walks(
    database: Secret[str], seed: int
) -> None:
    assert await _faults_of_a_walk(database, seed, 300) == []


async def _faults_of_a_walk(database: Secret[str], seed: int, steps: int) -> list[str]:
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(served(database))
        other = await stack.enter_async_context(served(database, place=place))
        addresses = [place.base_url, other.base_url]
        servers = [await stack.enter_async_context(Transport.connected(url)) for url in addresses]
        clients = [await stack.enter_async_context(each.as_operator()) for each in (place, other)]
        pool = build_pool(database, 2)
        await stack.enter_async_context(pool)
        walk = Walk(seed, place, servers, clients, Database(pool))
        try:
            await walk.run(steps)
        finally:
            await walk.stop()
        return walk.faults
