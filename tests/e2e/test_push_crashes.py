"""A server killed anywhere between a push's intent and its record, with a cluster that goes on without it (C30)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import httpx
import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.hostility import Deed
from tests.support.cluster_process import ClusterProcess, cluster_process
from tests.support.control_plane import ServerProcess, server_process
from tests.support.pushing import PUSHING, Pushes, lent_pushes
from tests.support.tables import rows, trail

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.kube,
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
]

FAILPOINTS: Final = "PLEXSPHERE_FAILPOINTS"
# A boot commits less often, and each deed once.
NTH: Final = 4
LEASE_SECONDS: Final = 31.0
BOOTING_AT_ONCE: Final = 2
SUBJECTS: Final = """
SELECT DISTINCT subject FROM (
    SELECT subject, relation FROM audit_inbox UNION ALL SELECT subject, relation FROM audit_entries
) told
WHERE relation LIKE 'managed_push.%'
"""


@dataclass(frozen=True)
class Death:
    """
    Where a server dies over an object: at a failpoint or, without any, while the cluster has not answered yet.

    `has_landed` says whether the cluster had done it by then, `tries` how often it is asked for at most.
    """

    name: str
    failpoint: str
    has_landed: bool
    tries: int = 1
    is_over_others: bool = False

    @property
    def names(self) -> list[str]:
        """The objects that are asked for, one after another, until the server is dead."""
        sort = "others" if self.is_over_others else "new"
        return [f"{self.name}-{sort}-{number}" for number in range(self.tries)]

    def over_others(self) -> "Death":
        """Return the same over objects that another manager made."""
        return replace(self, is_over_others=True)


OPENED: Final = Death("opened", "intent.opened=kill", has_landed=False)
CAPTURED: Final = Death("captured", "intent.captured=kill", has_landed=False)
ON_THE_WIRE: Final = Death("on-the-wire", "", has_landed=True)
CLOSING: Final = Death("closing", "intent.closing=kill", has_landed=True)
DATABASE_LOST: Final = Death("database-lost", "intent.closing=error", has_landed=True)
PUSH_RECORDED: Final = Death("recorded", "push.recorded=kill", has_landed=True)
ROLLBACK_RECORDED: Final = Death("recorded", "rollback.recorded=kill", has_landed=True)
COMMITTED: Final = Death("committed", f"request.after-commit=kill@{NTH}", has_landed=True, tries=NTH)

PUSHES: Final = (
    OPENED,
    CAPTURED,
    CAPTURED.over_others(),
    ON_THE_WIRE,
    ON_THE_WIRE.over_others(),
    CLOSING,
    DATABASE_LOST,
    PUSH_RECORDED,
    COMMITTED,
)
ROLLBACKS: Final = (
    OPENED,
    ON_THE_WIRE,
    ON_THE_WIRE.over_others(),
    CLOSING,
    ROLLBACK_RECORDED,
    ROLLBACK_RECORDED.over_others(),
    COMMITTED,
)
Ask = Callable[[httpx.AsyncClient, str], Coroutine[None, None, httpx.Response]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outliving(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ClusterProcess]:
    async with cluster_process(tmp_path_factory.mktemp("cluster")) as process:
        yield process


async def test_a_server_killed_anywhere_in_a_push_leaves_nothing_in_a_cluster_that_is_not_in_the_trail(
    database: Secret[str], outliving: ClusterProcess
) -> None:
    """C30: and what the sweeper records can be rolled back to what was there before."""
    async with lent_pushes(database, outliving) as pushes:
        await pushes.made_by_others(names_of(death for death in PUSHES if death.is_over_others))
        before = await pushes.objects()
        async with pushes.served_here() as client:
            await pushes.attach(client)

        asked = await died(pushes, PUSHES, pushes.push)
        left = pushes.intents()
        await recovered(pushes)

        assert left == asked - set(COMMITTED.names)
        assert await pushes.ours() == set(pushes.applied()) == landed(PUSHES, asked)
        require_whole(await pushes.violations(), database, "managed_push.push", pushes.applied().values())
        async with pushes.served_here() as client:
            undone = [await pushes.roll_back(client, push) for push in pushes.applied().values()]
        assert {answer.status_code for answer in undone} == {200}
        assert await pushes.objects() == before


async def test_a_server_killed_anywhere_in_a_rollback_leaves_a_trail_that_says_what_the_cluster_holds(
    database: Secret[str], outliving: ClusterProcess
) -> None:
    """C30: and what was not undone yet can be, once."""
    async with lent_pushes(database, outliving) as pushes:
        await pushes.made_by_others(names_of(death for death in ROLLBACKS if death.is_over_others))
        before = await pushes.objects()
        async with pushes.served_here() as client:
            await pushes.attach(client)
            for name in names_of(ROLLBACKS):
                assert (await pushes.push(client, name)).status_code == 201
        made = pushes.applied()

        asked = await died(pushes, ROLLBACKS, lambda client, name: pushes.roll_back(client, made[name]))
        left = pushes.intents()
        await recovered(pushes)

        assert left == asked - set(COMMITTED.names)
        undone = landed(ROLLBACKS, asked)
        assert await pushes.ours() == set(pushes.applied()) == set(made) - undone
        pushed = [made[name] for name in undone]
        require_whole(await pushes.violations(), database, "managed_push.rollback", pushed)
        async with pushes.served_here() as client:
            again = {name: (await pushes.roll_back(client, push)).status_code for name, push in made.items()}
        assert again == {name: 409 if name in undone else 200 for name in made}
        assert await pushes.objects() == before


def names_of(deaths: Iterable[Death]) -> list[str]:
    return [name for death in deaths for name in death.names]


def landed(deaths: Iterable[Death], asked: set[str]) -> set[str]:
    return {name for death in deaths if death.has_landed for name in death.names} & asked


def require_whole(violations: list[str], database: Secret[str], relation: str, pushes: Iterable[str]) -> None:
    """Demand that every invariant holds, and that the trail tells each deed once, as its author's."""
    assert violations == []
    told = [context["push"] for done, outcome, _, context in trail(database) if done == relation]
    assert sorted(told) == sorted(pushes)
    assert len(rows(database, SUBJECTS)) == 1


async def died(pushes: Pushes, deaths: Iterable[Death], ask: Ask) -> set[str]:
    """Let a server die each death; return the objects that were asked for."""
    turns = asyncio.Semaphore(BOOTING_AT_ONCE)

    async def one(death: Death) -> set[str]:
        async with turns, server_process(pushes.dsn, "api", **environ(death)) as server:
            return await asked_until_dead(pushes, server, death, ask)

    # Whatever hangs in the cluster hangs alone.
    first = [await one(death) for death in deaths if not death.failpoint]
    rest = await asyncio.gather(*(one(death) for death in deaths if death.failpoint))
    return set().union(*first, *rest)


def environ(death: Death) -> dict[str, str]:
    return {**PUSHING, **({FAILPOINTS: death.failpoint} if death.failpoint else {})}


async def asked_until_dead(pushes: Pushes, server: ServerProcess, death: Death, ask: Ask) -> set[str]:
    async with pushes.client(server.base_url) as client:
        if not death.failpoint:
            await killed_on_the_wire(pushes, server, ask(client, *death.names))
            return set(death.names)
        asked = set()
        with suppress(httpx.TransportError):
            for name in death.names:
                asked.add(name)
                answer = await ask(client, name)
                assert answer.status_code == 503 if death is DATABASE_LOST else answer.is_success
    if death is DATABASE_LOST:
        await server.kill()
    assert await server.process.wait() == -9
    return asked


async def killed_on_the_wire(
    pushes: Pushes, server: ServerProcess, asking: Coroutine[None, None, httpx.Response]
) -> None:
    """Kill the server while the cluster has done it and not yet said so."""
    await pushes.process.forget_requests()
    for verb in ("PATCH", "DELETE"):
        await pushes.process.plan(Deed.HANG, verb, after_writing=True)
    asked = asyncio.create_task(asking)
    await pushes.until_written()
    await server.kill()
    with suppress(httpx.TransportError):
        await asked
    await pushes.process.forget_faults()


async def recovered(pushes: Pushes) -> None:
    """Start again, past the lease of what was left, and wait until everything is settled."""
    await pushes.let_time_pass(LEASE_SECONDS)
    async with server_process(pushes.dsn, **PUSHING):
        await pushes.until_settled()
