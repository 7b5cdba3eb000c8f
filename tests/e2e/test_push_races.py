"""Managed push over several processes and a cluster that hangs: who is first is alone, and who waits holds nothing."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final, LiteralString

import httpx
import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.hostility import Deed
from tests.support.api import code_of
from tests.support.cluster_process import ClusterProcess, cluster_process
from tests.support.control_plane import server_process
from tests.support.pushing import PUSHING, Pushes, lent_pushes
from tests.support.tables import rows

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.kube,
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
]

RACERS: Final = 16
HANGING: Final = 50
DEADLINE_SECONDS: Final = 10.0
SMALL_SECONDS: Final = 2.0
AT_ONCE_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.05
# A transaction that is open for longer than anything takes that does not wait for a cluster.
IN_TRANSACTION: Final[LiteralString] = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND now() - xact_start > interval '1 second'
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apart(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ClusterProcess]:
    async with cluster_process(tmp_path_factory.mktemp("cluster")) as process:
        yield process


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, code_of(answer) if answer.is_error else ""


async def test_of_sixteen_rollbacks_over_two_processes_one_writes_to_the_cluster(
    database: Secret[str], apart: ClusterProcess
) -> None:
    """C31: where there was nothing before, and where there was another's object."""
    async with lent_pushes(database, apart) as pushes, AsyncExitStack() as stack:
        await pushes.made_by_others(["others"])
        one = await stack.enter_async_context(server_process(database, **PUSHING))
        other = await stack.enter_async_context(server_process(database, **PUSHING))
        clients = [await stack.enter_async_context(pushes.client(each.base_url)) for each in (one, other)]
        await pushes.attach(clients[0])
        made = [(await pushes.push(clients[0], name)).json()["id"] for name in ("new", "others")]

        for push, method in zip(made, ("DELETE", "PATCH"), strict=True):
            await apart.forget_requests()
            racing = [pushes.roll_back(client, push) for client in clients * (RACERS // 2)]
            outcomes = Counter(map(told, await asyncio.gather(*racing)))

            assert outcomes == {(200, ""): 1, (409, "push_already_rolled_back"): RACERS - 1}
            assert [each.method for each in (await apart.log()).mutating()] == [method]


async def test_pushes_into_a_cluster_that_hangs_hold_no_connection_and_nobody_else_up(
    database: Secret[str], apart: ClusterProcess
) -> None:
    """H20: half of them hang while they read, half while they write; each is a 502 by its deadline."""
    async with lent_pushes(database, apart) as pushes, AsyncExitStack() as stack:
        # With a connection each they would need ten times as many.
        narrow = {**PUSHING, "PLEXSPHERE_POOL_SIZE": "5"}
        server = await stack.enter_async_context(server_process(database, **narrow))
        client = await stack.enter_async_context(pushes.client(server.base_url))
        await pushes.attach(client)
        await hangs_for_half_of_them(apart)

        hanging = [asyncio.create_task(timed(pushes, client, f"hook-{each}")) for each in range(HANGING)]
        others, in_transaction = await meanwhile(pushes, client, hanging)
        answers = [await each for each in hanging]
        await apart.forget_faults()

    assert {told(answer) for answer, _ in answers} == {(502, "cluster_unreachable")}
    assert max(seconds for _, seconds in answers) < DEADLINE_SECONDS + SMALL_SECONDS
    assert min(seconds for _, seconds in answers) > DEADLINE_SECONDS - 1
    assert in_transaction == {0}
    assert len(others) > HANGING
    assert sorted(others)[len(others) * 99 // 100] < AT_ONCE_SECONDS
    assert len(rows(database, "SELECT FROM managed_push_intents")) == HANGING // 2


async def hangs_for_half_of_them(apart: ClusterProcess) -> None:
    """Let half of the first readings hang, every write, and every reading behind a write."""
    half = HANGING // 2
    await apart.plan(Deed.HANG, "GET", times=half)
    await apart.plan(Deed.HANG, "PATCH", times=half)
    await apart.plan(Deed.HANG, "GET", times=half, spared=half)


async def timed(pushes: Pushes, client: httpx.AsyncClient, name: str) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = await pushes.push(client, name)
    return answer, time.monotonic() - began


async def meanwhile(
    pushes: Pushes, client: httpx.AsyncClient, hanging: list[asyncio.Task[tuple[httpx.Response, float]]]
) -> tuple[list[float], set[int]]:
    """Read the target until the last push is answered; return how long each took, and what transactions were open."""
    took, in_transaction = [], set()
    while not all(each.done() for each in hanging):
        began = time.monotonic()
        (await client.get(pushes.path())).raise_for_status()
        took.append(time.monotonic() - began)
        in_transaction.add((await asyncio.to_thread(rows, pushes.dsn, IN_TRANSACTION))[0][0])
        await asyncio.sleep(PAUSE_SECONDS)
    return took, in_transaction
