"""Two server processes over one database: an end is an end in both."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import repeat
from typing import Final

import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, ServerProcess, two_processes
from tests.support.machines import Machine, RawNode
from tests.support.raw_http import RawConnection, bearer, connected, request

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

# Two seconds is what is promised (D9); the rest is for a machine that is busy with something else.
SOON: Final = 2.0 + 3.0


async def leave(place: Place, node: RawNode) -> int:
    return (await node.call("POST", "deregister")).status


async def be_removed(place: Place, node: RawNode) -> int:
    async with place.as_operator() as client:
        return (await client.delete(f"/v1/nodes/{node.id}?confirm=true")).status_code


async def listen(lane: RawConnection, node: RawNode) -> None:
    await lane.send(request("GET", node.path("events"), None, bearer(node.token)))
    status, _ = await lane.head()
    assert status == 200


async def until_dead(node: RawNode, server: ServerProcess) -> None:
    for pause in repeat(0.05):
        if await node.heartbeat(base_url=server.base_url) == 401:
            return
        await asyncio.sleep(pause)


@pytest.mark.parametrize(("end", "status"), [(leave, 200), (be_removed, 204)], ids=["leaves", "removed"])
async def test_a_node_that_ended_is_dead_and_deaf_in_both_processes(
    database: Secret[str], end: Callable[[Place, RawNode], Awaitable[int]], status: int
) -> None:
    """C35: its streams end within two seconds, its credential with them, and no new stream is opened."""
    async with two_processes(database) as (place, one, other), AsyncExitStack() as stack:
        token, stays = await place.bootstrap_tokens(2)
        node = await Machine().enrol(one.base_url, token)
        neighbour = await Machine().enrol(other.base_url, stays)
        lane = await stack.enter_async_context(connected(other.base_url))
        await listen(lane, node)
        for server in (one, other):
            assert await node.heartbeat(base_url=server.base_url) == 200

        assert await end(place, node) == status

        assert await node.heartbeat(base_url=one.base_url) == 401
        async with asyncio.timeout(SOON):
            await asyncio.gather(until_dead(node, other), lane.until_ended())
        for server in (one, other):
            again = await node.call("GET", "events", base_url=server.base_url)
            assert (again.status, again.code) == (401, "unauthenticated")
            assert await neighbour.heartbeat(base_url=server.base_url) == 200
