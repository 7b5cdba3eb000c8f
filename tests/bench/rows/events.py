"""How many changes of one Domain commit in a second, are put in order, and are told."""

import asyncio
import json
import time
from itertools import repeat
from typing import Final

from psycopg import AsyncConnection

from plexsphere.platform.kernel.secret import Secret
from tests.bench.figure import Bar, Figure
from tests.bench.load import asked, request
from tests.bench.population import CLASS_SIZE
from tests.bench.reading import readers
from tests.bench.site import Bench, Running

NODES: Final = 2_000
WRITERS: Final = 16
STREAMS: Final = CLASS_SIZE - WRITERS
SECONDS: Final = 6.0
REPORTED: Final = Bar()
BARE: Final = "bare commits by as many connections"
MADE: Final = "CREATE TABLE IF NOT EXISTS public.bench_rate (id bigint)"
COMMITTED: Final = "INSERT INTO public.bench_rate VALUES (1)"
LOGGED: Final = "SELECT count(*) FROM event_log WHERE domain_id = %s"


async def measure(bench: Bench) -> list[Figure]:
    """Return the changes of endpoints a second that were answered, all of them put in order and told to peers."""
    site = await bench.site(NODES)
    async with bench.server(site, tls=True) as ours:
        # The first class: some of its nodes move, the others hear of it.
        async with readers(ours.wire, site.nodes[WRITERS:CLASS_SIZE]):
            before = await _logged(ours)
            with ours.spending(1) as spent:
                started = time.monotonic()
                changed = sum(await asyncio.gather(*(_moving(ours, place) for place in range(WRITERS))))
                seconds = time.monotonic() - started
                await _until_logged(ours, before + changed)
                told = spent()
    bare = await _bare(site.dsn)
    server, postgres = told.server / changed, told.postgres / changed
    beside = f"{changed} changes by {WRITERS} nodes, each told to {STREAMS} live streams"
    name = "changes a second of one Domain, answered and put in order, TLS"
    spent_each = type(told)(server, postgres)
    return [
        Figure("events_a_second", name, changed / seconds, "/s", REPORTED, bare, BARE, spent_each, beside)
    ]


async def _moving(ours: Running, place: int) -> int:
    node = ours.site.nodes[place]
    reader, writer = await ours.wire.connected()
    until, count = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        count += 1
        body = json.dumps({"public_endpoint": f"198.18.{place}.{count % 250}:{1024 + count}"}).encode()
        await asked(reader, writer, request("PUT", f"/v1/nodes/{node.node_id}/endpoint", node.token, body))
    writer.close()
    return count


async def _logged(ours: Running) -> int:
    async with await AsyncConnection.connect(ours.site.dsn.reveal()) as connection:
        cursor = await connection.execute(LOGGED, [ours.site.domain_id])
        [count] = await cursor.fetchone() or (0,)
    return int(count)


async def _until_logged(ours: Running, count: int) -> None:
    async with asyncio.timeout(60):
        for pause in repeat(0.05):
            if await _logged(ours) >= count:
                return
            await asyncio.sleep(pause)


async def _bare(dsn: Secret[str]) -> float:
    async with await AsyncConnection.connect(dsn.reveal(), autocommit=True) as connection:
        await connection.execute(MADE)

    async def lane() -> int:
        count, until = 0, time.monotonic() + SECONDS / 2
        async with await AsyncConnection.connect(dsn.reveal(), autocommit=True) as connection:
            while time.monotonic() < until:
                await connection.execute(COMMITTED)
                count += 1
        return count

    return sum(await asyncio.gather(*(lane() for _ in range(WRITERS)))) / (SECONDS / 2)
