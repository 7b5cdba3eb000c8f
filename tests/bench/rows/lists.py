"""A list of 10,000 nodes, for somebody whose every row is a question."""

import os
import time
from typing import Any, Final

import httpx
import psycopg

from tests.bench.figure import Bar, Figure, percentile
from tests.bench.site import Bench, Running
from tests.support.robots import grant, robot

NODES: Final = 10_000
LARGEST_PAGE: Final = 200
ROUNDS: Final = 3
BAR: Final = Bar(100.0)
BARE: Final = "the same rows by one bare statement, p95"
STATEMENT: Final = (
    "SELECT * FROM nodes WHERE domain_id = %s AND id > %s AND removed_at IS NULL ORDER BY id LIMIT %s"
)
NOBODY: Final = "00000000-0000-0000-0000-000000000000"


async def measure(bench: Bench) -> list[Figure]:
    """Return the latency of a page, read by a principal who may read the one Project that all nodes are in."""
    site = await bench.site(NODES)
    async with bench.server(site, tls=True) as ours:
        async with ours.operator() as client:
            token = await _reader(client, ours)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=ours.wire.base_url, headers=headers, timeout=60, verify=ours.wire.context() or True
        ) as client:
            await _pages(client)
            pages, bare = [], []
            with ours.spending(ROUNDS * NODES // LARGEST_PAGE) as spent:
                for _ in range(ROUNDS):
                    pages += await _pages(client)
                told = spent()
            for _ in range(ROUNDS):
                bare += _bare(ours)
    value, yardstick = percentile(pages, 0.95) * 1000, percentile(bare, 0.95) * 1000
    name = f"page of {LARGEST_PAGE} of {NODES} nodes with ReBAC, p95, TLS"
    beside = f"{len(pages)} pages, p50 {percentile(pages, 0.5) * 1000:.1f} ms"
    return [Figure("list_nodes", name, value, "ms", BAR, yardstick, BARE, told, beside)]


async def _reader(client: httpx.AsyncClient, ours: Running) -> str:
    reader = await robot(client, ours.site.domain_id, f"reader-{os.urandom(4).hex()}")
    project = ours.site.project_id
    await grant(client, project, reader.subject, "member", f"project:{project}")
    return reader.token


async def _pages(client: httpx.AsyncClient) -> list[float]:
    taken, cursor, seen = [], "", 0
    while True:
        started = time.perf_counter()
        answer = await client.get("/v1/nodes", params={"limit": LARGEST_PAGE, **_behind(cursor)})
        taken.append(time.perf_counter() - started)
        page: dict[str, Any] = answer.raise_for_status().json()
        seen += len(page["items"])
        cursor = page.get("next_cursor") or ""
        if not cursor:
            assert seen >= NODES, seen
            return taken


def _behind(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _bare(ours: Running) -> list[float]:
    taken: list[float] = []
    last: object = NOBODY
    with psycopg.connect(ours.site.dsn.reveal()) as connection:
        while True:
            started = time.perf_counter()
            rows = connection.execute(STATEMENT, [ours.site.domain_id, last, LARGEST_PAGE]).fetchall()
            if not rows:
                return taken
            taken.append(time.perf_counter() - started)
            last = rows[-1][1]
