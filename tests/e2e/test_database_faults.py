"""PostgreSQL restarted, emptied of sessions, made read-only, full, cut in a commit, and deadlocked, under requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, LiteralString

import pytest
from psycopg import AsyncConnection, conninfo, sql
from psycopg.abc import Query

from plexd.protocol.client.transport import Transport
from plexsphere.platform.db.contention import RETRIES
from plexsphere.platform.db.pool import WAIT_SECONDS
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Served, served
from tests.support.event_reader import Enrolled, EventReader, enrol, reading
from tests.support.event_scene import annotate
from tests.support.fault_proxy import Cut, FaultProxy, proxied
from tests.support.machines import Machine
from tests.support.postgres import TestServer, running_server, server_folder
from tests.support.raw_http import RawAnswer, bearer, call
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

NORMAL_SECONDS: Final = 5.0
AUDITED: Final = b"INSERT INTO audit_inbox"
SPENT: Final = "SELECT count(*) FROM bootstrap_tokens WHERE consumed_by IS NOT NULL"
NODES: Final = "SELECT count(*) FROM nodes"
CUT_ALL: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'plexsphere'"
READ_ONLY: Final = ("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
READ_WRITE: Final = ("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
# What PostgreSQL says when its disk is full, said whenever a mutation's audit row is written.
FULL: Final = (
    """
    CREATE FUNCTION plexsphere.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$
    """,
    "CREATE TRIGGER no_room BEFORE INSERT ON plexsphere.audit_inbox EXECUTE FUNCTION plexsphere.no_room()",
)
STRICT: Final = sql.SQL("ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'")
EMPTIED: Final = ("DROP TRIGGER no_room ON plexsphere.audit_inbox",)


@pytest.fixture(scope="module")
def own_server() -> Iterator[TestServer]:
    """A PostgreSQL of these tests' own: what is done to it is done to all of its databases."""
    with running_server() as server:
        yield server


async def told(dsn: Secret[str], *statements: Query) -> None:
    """Run statements one by one."""
    async with await AsyncConnection.connect(dsn.reveal(), autocommit=True) as connection:
        for statement in statements:
            await connection.execute(statement)


@dataclass
class Callers:
    """An operator and a node that call on and on, and a stream; what they were answered is kept."""

    place: Served
    node: Enrolled
    answers: list[RawAnswer] = field(default_factory=list)

    async def call_on(self) -> None:
        """Call until cancelled."""
        while True:
            self.answers += await self.round()

    async def round(self) -> list[RawAnswer]:
        """Call everything once."""
        token = self.node.registration.node_token.reveal()
        node, operator = bearer(token), bearer(self.place.operator.reveal())
        project = f"/v1/projects/{self.place.project_id}"
        mine = f"/v1/nodes/{self.node.node_id}"
        endpoint = f'{{"public_endpoint": "198.51.100.1:{len(self.answers) % 60_000 + 1}"}}'.encode()
        base = self.place.base_url
        answers = await asyncio.gather(
            call(base, "POST", f"{mine}/heartbeat", b"{}", node),
            call(base, "GET", f"{mine}/state", None, node),
            call(base, "PUT", f"{mine}/endpoint", endpoint, node),
            call(base, "GET", project, None, operator),
            call(base, "POST", f"{project}/bootstrap-tokens", b"{}", operator),
        )
        return list(answers)

    async def until_normal(self) -> None:
        """
        Wait until everything is answered again.

        Raises:
            TimeoutError: it is not within 5 s.
        """
        async with asyncio.timeout(NORMAL_SECONDS):
            while any(answer.status >= 300 for answer in await self.round()):
                pass

    def require_no_fault(self) -> None:
        """Demand that every answer was a success, or a 503 that says when to come back."""
        assert {answer.status for answer in self.answers} <= {200, 201, 503}
        refused = [answer for answer in self.answers if answer.status == 503]
        assert all(int(answer.header("retry-after")) >= 1 for answer in refused)


@asynccontextmanager
async def calling(dsn: Secret[str]) -> AsyncIterator[tuple[Callers, EventReader]]:
    """Lend callers at work, and the node's stream."""
    async with served(dsn) as place, Transport.connected(place.base_url) as transport:
        [token] = await place.bootstrap_tokens(1)
        node = await enrol(transport, token, "caller")
        callers = Callers(place, node)
        reader = EventReader(node)
        async with reading(reader, node.channel(transport), again=True):
            at_work = asyncio.create_task(callers.call_on())
            yield callers, reader
            at_work.cancel()
            await asyncio.gather(at_work, return_exceptions=True)


Trouble = Callable[[TestServer, Secret[str]], Awaitable[None]]


async def restarted(server: TestServer, dsn: Secret[str]) -> None:
    await asyncio.to_thread(server.postgres.stop)
    # Longer than a request waits for a connection: a shorter absence is nobody's business.
    await asyncio.sleep(2 * WAIT_SECONDS)
    await asyncio.to_thread(server.postgres.start)


async def cut_off(server: TestServer, dsn: Secret[str]) -> None:
    for _ in range(3):
        await told(server.postgres.superuser_dsn, CUT_ALL)
        await asyncio.sleep(0.2)


async def read_only(server: TestServer, dsn: Secret[str]) -> None:
    await told(server.postgres.superuser_dsn, *READ_ONLY)
    await asyncio.sleep(1.0)
    await told(server.postgres.superuser_dsn, *READ_WRITE)


async def full(server: TestServer, dsn: Secret[str]) -> None:
    await told(dsn, *FULL)
    await asyncio.sleep(1.0)
    await told(dsn, *EMPTIED)


@pytest.mark.parametrize("trouble", [restarted, cut_off, read_only, full])
async def test_whatever_postgresql_goes_through_nobody_is_answered_500_and_all_is_normal_soon_after(
    own_server: TestServer, trouble: Trouble
) -> None:
    """H18: 503 with Retry-After meanwhile, normal within 5 s, the stream goes on, no restart of ours."""
    with own_server.migrated_database() as dsn:
        async with calling(dsn) as (callers, reader):
            await callers.until_normal()
            await trouble(own_server, dsn)
            await callers.until_normal()
            await annotate(callers.place, callers.node, "after", "all")
            await reader.until(10, "node_state_updated")

    callers.require_no_fault()
    assert reader.faults == []
    assert any(answer.status == 503 for answer in callers.answers) or trouble is cut_off


MUTATIONS: Final[dict[str, tuple[str, dict[str, Any], LiteralString]]] = {
    "a Domain": ("/v1/domains", {"name": "Acme", "slug": "acme"}, "SELECT count(*) FROM domains"),
    "a Project": ("/v1/projects", {"name": "Web", "slug": "web"}, "SELECT count(*) FROM projects"),
    "a token": (
        "/v1/projects/{project}/bootstrap-tokens",
        {},
        "SELECT count(*) FROM bootstrap_tokens",
    ),
}


@asynccontextmanager
async def behind_a_proxy(dsn: Secret[str]) -> AsyncIterator[tuple[FaultProxy, Served]]:
    """Lend a control plane whose line to its database can be cut."""
    with server_folder() as folder:
        async with proxied(dsn, Path(folder)) as (proxy, through), served(through) as place:
            yield proxy, place


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_a_connection_lost_in_a_commit_is_asked_about_and_nothing_is_done_twice(
    database: Secret[str], mutation: str
) -> None:
    """H19: lost behind the commit it is a success; lost before it, a 503, and the caller's next try is the first."""
    async with behind_a_proxy(database) as (proxy, place), place.as_operator() as operator:
        path, body, count = MUTATIONS[mutation]
        path = path.format(project=place.project_id)
        body = {**body, "domain_id": place.domain_id} if "projects" in count else body
        [(before,)] = rows(database, count)
        proxy.cut_once(b"COMMIT", Cut.BEFORE_THEY_ARRIVE, behind=AUDITED)
        lost = await operator.post(path, json=body)
        unchanged = rows(database, count)
        proxy.cut_once(b"COMMIT", Cut.BEFORE_THE_ANSWER, behind=AUDITED)
        kept = await operator.post(path, json=body)

    assert (lost.status_code, lost.headers["retry-after"]) == (503, "2")
    assert unchanged == [(before,)]
    assert kept.status_code == 201
    assert rows(database, count) == [(before + 1,)]


async def test_a_machine_whose_commit_nobody_can_tell_of_asks_again_and_is_one_node(
    database: Secret[str],
) -> None:
    """H19, C02: the database is gone in the very commit; 503, and asking again finds the same node."""
    async with behind_a_proxy(database) as (proxy, place):
        [token] = await place.bootstrap_tokens(1)
        machine = Machine()
        proxy.cut_once(b"COMMIT", Cut.BEFORE_THE_ANSWER, behind=AUDITED, then_refuse=True)
        unknown = await machine.ask(place.base_url, token)
        proxy.is_refusing = False
        async with asyncio.timeout(NORMAL_SECONDS):
            while (again := await machine.ask(place.base_url, token)).status != 201:
                assert again.status == 503

    assert unknown.status == 503
    assert rows(database, NODES) == rows(database, SPENT) == [(1,)]


@asynccontextmanager
async def standing_in_the_way(server: TestServer, dsn: Secret[str]) -> AsyncIterator[AsyncConnection[Any]]:
    """Lend a session that holds every mesh, and is never the one that gives way in a deadlock."""
    name = conninfo.conninfo_to_dict(dsn.reveal())["dbname"]
    superuser = conninfo.make_conninfo(
        server.postgres.superuser_dsn.reveal(),
        dbname=name,
        options="-c search_path=plexsphere -c deadlock_timeout=60s",
    )
    async with await AsyncConnection.connect(superuser) as connection:
        await connection.execute("SELECT FROM meshes FOR UPDATE")
        yield connection
        await connection.rollback()


@pytest.mark.parametrize(("deadlocks", "status"), [(RETRIES, 201), (RETRIES + 1, 503)])
async def test_who_is_the_victim_of_a_deadlock_tries_again_three_times_and_then_says_when_to_come_back(
    postgres_server: TestServer, database: Secret[str], deadlocks: int, status: int
) -> None:
    """H40: real deadlocks (40P01); no partial effects either way, and the token is as good as before."""
    async with served(database) as place:
        [token] = await place.bootstrap_tokens(1)
        machine = Machine()
        async with standing_in_the_way(postgres_server, database) as rival:
            asking = asyncio.create_task(machine.ask(place.base_url, token))
            for _ in range(deadlocks):
                await until_waiting(database)
                await rival.execute("SAVEPOINT here")
                # Whoever asks holds the token and waits for the mesh; this one holds the mesh and takes the token.
                await rival.execute("SELECT FROM bootstrap_tokens FOR UPDATE")
                await rival.execute("ROLLBACK TO here")
            if status == 503:
                answer = await asking
        answer = await asking

        assert answer.status == status
        assert rows(database, NODES) == rows(database, SPENT) == [(int(status == 201),)]
        if status == 503:
            assert (answer.code, answer.header("retry-after")) == ("overloaded", "1")
            assert (await machine.ask(place.base_url, token)).status == 201


async def until_waiting(dsn: Secret[str]) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%meshes%'"
    async with asyncio.timeout(10):
        while rows(dsn, waiting) == [(0,)]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_serialization_failures_are_tried_again_and_never_seen(database: Secret[str]) -> None:
    """H40: real ones (40001), for every transaction is REPEATABLE READ and all change one row."""
    name = conninfo.conninfo_to_dict(database.reveal())["dbname"]
    await told(
        database, f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'".encode()
    )
    async with served(database) as place, place.as_operator() as operator:
        path = f"/v1/projects/{place.project_id}"
        answers = await asyncio.gather(
            *(operator.patch(path, json={"description": f"d{number}"}) for number in range(24))
        )
        final = (await operator.get(path)).json()["description"]

    assert {answer.status_code for answer in answers} <= {200, 503}
    assert any(answer.status_code == 200 for answer in answers)
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 503)
    assert final in {answer.json()["description"] for answer in answers if answer.status_code == 200}
    granted = "SELECT count(*) FROM audit_entries WHERE relation = 'manage' AND object_type = 'project'"
    assert rows(database, granted) != []
