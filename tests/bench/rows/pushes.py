"""A push from the request to its record, beside the least that anybody must do for it."""

import asyncio
import json
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from psycopg import AsyncConnection

from plexsphere.managed_push.domain.cluster_object import FIELD_MANAGER
from plexsphere.platform.kernel.plexd_hook import PLEXD_HOOK_GVK
from plexsphere.platform.kernel.secret import Secret
from tests.bench.figure import Bar, Figure, Spent, middle, middle_spent, percentile
from tests.bench.load import asked, request
from tests.bench.site import Bench, Running
from tests.support.cluster import APPLY, Cluster
from tests.support.cluster_access import access_by
from tests.support.cluster_process import cluster_process
from tests.support.control_plane import EVERY_FEATURE

NODES: Final = 102
ROUNDS: Final = 12
EACH: Final = 10
LANES: Final = 8
SECONDS: Final = 4.0
BAR: Final = Bar(2.0)
REPORTED: Final = Bar()
BARE: Final = "a bare client: a new TLS connection, the same two requests, and three bare commits"
# The cluster of a test listens on the loopback, which nobody dials by default.
PROVISIONED: Final = {**EVERY_FEATURE, "PLEXSPHERE_MANAGED_PUSH_EGRESS_ALLOW": "127.0.0.0/8"}
MADE: Final = "CREATE TABLE IF NOT EXISTS public.bench_pushes (number bigint)"
# What a push commits too: its intent, what it captured, and its record.
COMMITTED: Final = "INSERT INTO public.bench_pushes VALUES (%s)"

# Pushes the hook of one name, each time with another digest.
Lane = Callable[[int], Awaitable[None]]


async def measure(bench: Bench) -> list[Figure]:
    """Return how long one push takes, alone, and how many there are in a second by eight callers."""
    site = await bench.site(NODES)
    async with (
        cluster_process(bench.folder / "cluster") as customer,
        bench.server(site, tls=True, **PROVISIONED) as ours,
    ):
        cluster = customer.cluster
        await _attach(ours, cluster)
        rounds = await _rounds(ours, cluster)
        rate = await _rate([_our_lane(ours, cluster, f"ours-{lane}") for lane in range(LANES)])
        bare = await _rate([_bare_lane(site.dsn, cluster, f"bare-{lane}") for lane in range(LANES)])
    return [*_latencies(rounds), _rates(rate, bare, rounds)]


async def _attach(ours: Running, cluster: Cluster) -> None:
    body = {"kubeconfig_b64": b64encode(cluster.kubeconfig).decode(), "enabled": True}
    async with ours.operator() as client:
        path = f"/v1/domains/{ours.site.domain_id}/managed-push"
        (await client.put(path, json=body)).raise_for_status()


@asynccontextmanager
async def _our_lane(ours: Running, cluster: Cluster, name: str) -> AsyncIterator[Lane]:
    """Lend a lane over HTTP; as operators' tools do, it keeps its connection."""
    reader, writer = await ours.wire.connected()
    path = f"/v1/domains/{ours.site.domain_id}/managed-push/hooks"

    async def push(number: int) -> None:
        wish = {"namespace": cluster.namespace, "name": name, "image_digest": _digest(number)}
        await asked(reader, writer, request("POST", path, ours.site.operator.reveal(), _json(wish)))

    await push(0)
    try:
        yield push
    finally:
        writer.close()


@asynccontextmanager
async def _bare_lane(dsn: Secret[str], cluster: Cluster, name: str) -> AsyncIterator[Lane]:
    """Lend a lane of what is left when nothing of ours stands between the caller, the cluster and the database."""
    access = access_by(cluster.kubeconfig)
    token = access.token.reveal() if access.token else ""
    path = f"/apis/{PLEXD_HOOK_GVK.api_version}/namespaces/{cluster.namespace}/{PLEXD_HOOK_GVK.plural}/{name}"
    applied = f"{path}?fieldManager={FIELD_MANAGER}&force=false"

    async def push(number: int) -> None:
        body = _json(cluster.hook_body(name, name=name, imageDigest=_digest(number)))
        await database.execute(COMMITTED, [number])
        trusting = ssl.create_default_context(cadata=access.authority)
        reader, writer = await asyncio.open_connection(access.host, access.port, ssl=trusting)
        await asked(reader, writer, request("GET", path, token))
        await database.execute(COMMITTED, [number])
        await asked(reader, writer, request("PATCH", applied, token, body, sort=APPLY))
        writer.close()
        await database.execute(COMMITTED, [number])

    await cluster.customer.apply(FIELD_MANAGER, cluster.hook_body(name, name=name, imageDigest=_digest(0)))
    async with await AsyncConnection.connect(dsn.reveal(), autocommit=True) as database:
        await database.execute(MADE)
        await push(0)
        yield push


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of each: seconds of every push of the bare client, and of every one of ours."""

    bare: Sequence[float]
    ours: Sequence[float]
    spent: Spent

    @property
    def ratio(self) -> float:
        """Return how often as long ours took."""
        return middle(self.ours) / middle(self.bare)


async def _rounds(ours: Running, cluster: Cluster) -> list[Round]:
    rounds = []
    async with (
        _our_lane(ours, cluster, "ours") as mine,
        _bare_lane(ours.site.dsn, cluster, "bare") as theirs,
    ):
        for turn in range(ROUNDS):
            numbers = range(1 + turn * EACH, 1 + (turn + 1) * EACH)
            bare = [await _timed(theirs, number) for number in numbers]
            with ours.spending(EACH) as spent:
                pushed = [await _timed(mine, number) for number in numbers]
                rounds.append(Round(bare, pushed, spent()))
    return rounds


async def _timed(lane: Lane, number: int) -> float:
    started = time.perf_counter()
    await lane(number)
    return time.perf_counter() - started


async def _rate(lending: Sequence[AbstractAsyncContextManager[Lane]]) -> float:
    async with AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(each) for each in lending]
        until = time.monotonic() + SECONDS
        pushed = await asyncio.gather(*(_along(lane, until) for lane in lanes))
    return sum(pushed) / SECONDS


async def _along(lane: Lane, until: float) -> int:
    number = 0
    while time.monotonic() < until:
        number += 1
        await lane(number)
    return number


def _latencies(rounds: Sequence[Round]) -> list[Figure]:
    ours = [each for turn in rounds for each in turn.ours]
    bare = [each for turn in rounds for each in turn.bare]
    ratios = [turn.ratio for turn in rounds]
    spent = middle_spent([turn.spent for turn in rounds])
    told = f"{len(ours)} pushes; rounds from {min(ratios):.2f} to {max(ratios):.2f}"
    ratio = middle(ours) / middle(bare)
    return [
        Figure(
            "push",
            "one push over HTTP, p50, TLS, over a bare client",
            ratio,
            "ratio",
            BAR,
            1.0,
            BARE,
            spent,
            told,
        ),
        _milliseconds("push_p50", "one push over HTTP, p50, TLS", 0.5, ours, bare, spent),
        _milliseconds("push_p95", "one push over HTTP, p95, TLS", 0.95, ours, bare, spent),
    ]


def _milliseconds(
    key: str, name: str, share: float, ours: Sequence[float], bare: Sequence[float], spent: Spent
) -> Figure:
    value, yardstick = percentile(ours, share) * 1000, percentile(bare, share) * 1000
    return Figure(key, name, value, "ms", REPORTED, yardstick, BARE, spent)


def _rates(rate: float, bare: float, rounds: Sequence[Round]) -> Figure:
    name = f"pushes a second by {LANES} callers, TLS"
    spent = middle_spent([turn.spent for turn in rounds])
    return Figure("pushes_a_second", name, rate, "/s", REPORTED, bare, f"{BARE}, as many at once", spent)


def _digest(number: int) -> str:
    return f"sha256:{number:064x}"


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
