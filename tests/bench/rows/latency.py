"""From a commit's answer to the signed frame at a peer."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from typing import Final

from psycopg import AsyncConnection

from plexsphere.platform.kernel.secret import Secret
from tests.bench.figure import Bar, Figure, Spent, middle, percentile
from tests.bench.load import asked, request
from tests.bench.population import Populated
from tests.bench.reading import Readers, readers
from tests.bench.site import Bench, Running
from tests.support.silent_bell import silent_bell

NODES: Final = 102
ROUNDS: Final = 4
COMMITS: Final = 50
UNHEARD: Final = 30
SAME, ACROSS, UNRUNG = Bar(100.0), Bar(200.0), Bar(2000.0)
RING: Final = "a bare commit and NOTIFY, p99"
POLL: Final = "a bare poll each second, slowest"
# A temporary table would cost no write to disk at its commits.
MADE: Final = "CREATE TABLE IF NOT EXISTS public.bench_commits (id bigint)"
COMMITTED: Final = "INSERT INTO public.bench_commits VALUES (%s)"
SEEN: Final = "SELECT max(id) FROM public.bench_commits"


async def measure(bench: Bench) -> list[Figure]:
    """Return the latency on the process that wrote, on another one, and on another one without NOTIFY."""
    site = await bench.site(NODES)
    writer, hearer = site.nodes[:2]
    async with bench.server(site, tls=True) as one, bench.server(site, tls=True) as other:
        key = await one.signing_key()
        async with (
            readers(one.wire, [hearer], key) as near,
            readers(other.wire, [site.nodes[2]], key) as far,
        ):
            moves = Moves(one, writer)
            rung, same, across = [], [], []
            with one.spending(2 * ROUNDS * COMMITS) as spent:
                for _ in range(ROUNDS):
                    same += await moves.heard(near, COMMITS)
                    across += await moves.heard(far, COMMITS)
                told = spent()
            for _ in range(ROUNDS):
                rung += await _rings(site.dsn)
            async with silent_bell(site.dsn):
                unheard, polled = await moves.heard(far, UNHEARD), await _polls(site.dsn)
    yardstick = percentile(rung, 0.99)
    return [
        _figure(
            "commit_to_frame_same", "same process, p99", percentile(same, 0.99), SAME, yardstick, same, told
        ),
        _figure(
            "commit_to_frame_other",
            "other process, p99",
            percentile(across, 0.99),
            ACROSS,
            yardstick,
            across,
            told,
        ),
        Figure(
            "commit_to_frame_unrung",
            "commit to signed frame, other process with NOTIFY dead, slowest, TLS",
            max(unheard) * 1000,
            "ms",
            UNRUNG,
            max(polled) * 1000,
            POLL,
            told,
            f"{len(unheard)} commits, p50 {middle(unheard) * 1000:.0f} ms",
        ),
    ]


def _figure(
    key: str, name: str, value: float, bar: Bar, yardstick: float, all_found: Sequence[float], spent: Spent
) -> Figure:
    beside = f"{len(all_found)} commits, p50 {middle(all_found) * 1000:.1f} ms"
    whole = f"commit to signed frame, {name}, TLS"
    return Figure(key, whole, value * 1000, "ms", bar, yardstick * 1000, RING, spent, beside)


class Moves:
    """A node that moves, each time to where it never was."""

    def __init__(self, server: Running, node: Populated) -> None:
        self._server = server
        self._node = node
        self._places: Iterator[int] = itertools.count(1)

    async def heard(self, hearing: Readers, count: int) -> list[float]:
        """Return the seconds from each answer to the frame at who hears of it."""
        reader, writer = await self._server.wire.connected()
        found = []
        for _ in range(count):
            await hearing.want("peer_endpoint_changed")
            place = next(self._places)
            body = json.dumps({"public_endpoint": f"198.19.{place // 250}.{place % 250}:51820"}).encode()
            path = f"/v1/nodes/{self._node.node_id}/endpoint"
            await asked(reader, writer, request("PUT", path, self._node.token, body))
            committed = time.monotonic()
            [arrival] = await hearing.arrivals(verified=True)
            found.append(max(0.0, arrival - committed))
        writer.close()
        return found


async def _rings(dsn: Secret[str]) -> list[float]:
    found = []
    async with (
        await AsyncConnection.connect(dsn.reveal(), autocommit=True) as ringing,
        await AsyncConnection.connect(dsn.reveal(), autocommit=True) as listening,
    ):
        await ringing.execute(MADE)
        await listening.execute("LISTEN bench")
        for number in range(COMMITS):
            started = time.perf_counter()
            await ringing.execute(COMMITTED, [number])
            await ringing.execute("NOTIFY bench")
            async for _ in listening.notifies(stop_after=1):
                found.append(time.perf_counter() - started)
    return found


async def _polls(dsn: Secret[str]) -> list[float]:
    found = []
    async with await AsyncConnection.connect(dsn.reveal(), autocommit=True) as connection:
        for number in range(COMMITS, COMMITS + 5):
            await connection.execute(COMMITTED, [number])
            committed = time.perf_counter()
            await asyncio.sleep(1.0)
            await connection.execute(SEEN)
            found.append(time.perf_counter() - committed)
    return found
