"""Dispatches with retries, over servers that are killed: nothing is asked for twice, and everything ends."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import pytest

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.secret import Secret
from tests.crash.deployment import Server
from tests.support.control_plane import WRAP_KEY, Place, first_boot
from tests.support.dispatch_load import DispatchLoad, targets_of
from tests.support.event_scene import sequenced
from tests.support.invariants.pack import InvariantPack
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

ENDED_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.2
OPEN: Final = "SELECT count(*) FROM plexsphere.execution_targets WHERE ended_at IS NULL"
STATUSES: Final = "SELECT status, count(*) FROM plexsphere.execution_targets GROUP BY status ORDER BY status"
DISPATCHED: Final = "SELECT parameters::json ->> 'number', id::text FROM plexsphere.executions"


@pytest.mark.timeout(120)
async def test_sixty_dispatches_over_two_kills_are_each_told_under_one_id_and_end(
    database: Secret[str],
) -> None:
    """C27: whoever repeats a dispatch is answered with the same execution, whatever was killed meanwhile."""
    statuses = await delivered(database, numbers=range(1, 61), agents=6, kills=2, pause=0.2)

    assert set(statuses) == {"succeeded"}


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_five_thousand_dispatches_over_forty_kills_are_each_told_under_one_id_and_end(
    database: Secret[str],
) -> None:
    """C27: two servers die by turns; on a machine that is too busy some agents are answered too late to succeed."""
    began = time.monotonic()

    statuses = await delivered(database, numbers=range(1, 5_001), agents=20, kills=40, pause=1.5)

    print(f"{sum(statuses.values())} targets in {time.monotonic() - began:.0f} s: {statuses}", flush=True)
    assert set(statuses) <= {"succeeded", "timeout"}
    assert statuses["succeeded"] >= 0.9 * sum(statuses.values())


async def delivered(
    dsn: Secret[str], *, numbers: Sequence[int], agents: int, kills: int, pause: float
) -> dict[str, int]:
    """Dispatch all the numbers while servers are killed; whatever was told twice, or lost, fails."""
    async with two_servers(dsn) as (place, servers):
        async with DispatchLoad.begun(place, [each.base_url for each in servers], agents) as load:
            await dispatched_over_kills(load, numbers, servers, kills, pause)
            await until_ended(dsn)
            told = load.told
        await sequenced(dsn)
    ids = {number: [*told.answered[number]] for number in numbers}
    assert told.numbers_under_two_ids == []
    assert sorted(rows(dsn, DISPATCHED)) == sorted((str(number), *ids[number]) for number in numbers)
    assert len(told.asked) == targets_of(numbers, agents)
    assert told.tries > len(numbers)
    assert await broken(dsn) == []
    return dict(rows(dsn, STATUSES))


@asynccontextmanager
async def two_servers(dsn: Secret[str]) -> AsyncIterator[tuple[Place, list[Server]]]:
    """Have two servers until the block ends."""
    servers = [Server(number, dsn) for number in range(2)]
    operator, domain_id, project_id = await first_boot(dsn)
    try:
        await asyncio.gather(*(server.boot("") for server in servers))
        yield Place(servers[0].base_url, operator, domain_id, project_id), servers
    finally:
        await asyncio.gather(*(server.kill() for server in servers))


async def dispatched_over_kills(
    load: DispatchLoad, numbers: Sequence[int], servers: Sequence[Server], kills: int, pause: float
) -> None:
    """Dispatch in as many parts as there are kills, each while a server dies; all but the last boot again."""
    chance = random.Random(27)
    for kill in range(kills):
        server = servers[kill % len(servers)]
        part = numbers[len(numbers) * kill // kills : len(numbers) * (kill + 1) // kills]
        async with asyncio.TaskGroup() as group:
            group.create_task(load.dispatch(part))
            await asyncio.sleep(chance.uniform(0.0, pause))
            await server.kill()
            if kill < kills - 1:
                await server.boot("")


async def until_ended(dsn: Secret[str]) -> None:
    """Wait until no target is open; how many are is for the test that fails."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ENDED_SECONDS):
            while await asyncio.to_thread(rows, dsn, OPEN) != [(0,)]:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
    assert rows(dsn, OPEN) == [(0,)]


async def broken(dsn: Secret[str]) -> list[str]:
    """Return which invariants do not hold."""
    pool = build_pool(dsn, 4)
    await pool.open(wait=True)
    try:
        return await InvariantPack(Database(pool), Secret(WRAP_KEY)).violations()
    finally:
        await pool.close()
