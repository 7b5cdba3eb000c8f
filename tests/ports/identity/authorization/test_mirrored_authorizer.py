"""PostgreSQL decides, SpiceDB answers: never from a mirror that lags."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from plexsphere.identity.adapters.postgres.authz_outbox import PostgresAuthzOutbox
from plexsphere.identity.adapters.postgres.relation_tuples import PostgresRelationTuples
from plexsphere.identity.adapters.spicedb_authorizer import SpiceDbAuthorizer
from plexsphere.identity.adapters.spicedb_client import SpiceDbClient
from plexsphere.identity.adapters.spicedb_mirror import SpiceDbMirror
from plexsphere.identity.adapters.zed_schema import read_schema_text
from plexsphere.identity.application.await_mirror import AwaitMirror
from plexsphere.identity.application.mirror_tuples import MirrorTuples
from plexsphere.identity.application.mirrored_authorizer import MirroredAuthorizer
from plexsphere.identity.application.prepare_mirror import PrepareMirror
from plexsphere.identity.application.reconcile_authorizer import Differences, ReconcileAuthorizer
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.tuple_change import Operation, TupleChange
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.secret import Secret
from tests.support.authorization import (
    apart,
    domain,
    domain_stands,
    opened,
    project,
    project_stands,
    shipped_schema,
    user,
)
from tests.support.spicedb import SpiceDb

pytestmark = [pytest.mark.postgres, pytest.mark.spicedb]

ROUNDS = 100
ALICE = user(1)
GRANT = Triple(ALICE, "admin", domain(1))
HOUSE = [domain_stands(1), project_stands(1, in_domain=1)]


@dataclass
class Process:
    """One `plexsphere serve` with a mirror."""

    database: Database
    tuples: PostgresRelationTuples
    client: SpiceDbClient
    mirror: SpiceDbMirror
    prepare: PrepareMirror
    mirror_tuples: MirrorTuples
    await_mirror: AwaitMirror
    authorizer: MirroredAuthorizer
    reconcile: ReconcileAuthorizer

    @classmethod
    def over(cls, database: Database, client: SpiceDbClient, *, mirrored: bool = True) -> "Process":
        schema = shipped_schema()
        outbox = PostgresAuthzOutbox(database, mirrored=mirrored)
        tuples = PostgresRelationTuples(database, schema, outbox, SystemClock(), mint_id)
        mirror = SpiceDbMirror(client, read_schema_text())
        reconcile = ReconcileAuthorizer(tuples, outbox, mirror, schema, database)
        mirror_tuples = MirrorTuples(outbox, mirror, database)
        await_mirror = AwaitMirror(outbox, mirror_tuples)
        return cls(
            database,
            tuples,
            client,
            mirror,
            PrepareMirror(outbox, mirror, reconcile),
            mirror_tuples,
            await_mirror,
            MirroredAuthorizer(SpiceDbAuthorizer(client, schema), await_mirror),
            reconcile,
        )

    async def relate(self, *triples: Triple) -> None:
        async with self.database():
            for triple in triples:
                await self.tuples.relate(triple.subject, triple.relation, triple.object)

    async def revoke(self) -> None:
        """Take back everything that was granted on the Domain, but not where it stands."""
        async with self.database():
            await self.tuples.unrelate_object(ALICE)

    async def allows(self) -> bool:
        return (await self.authorizer.check(ALICE, "manage", project(1))).allowed

    async def mirrored(self) -> set[Triple]:
        return {
            triple async for page in self.mirror.pages(["platform", "domain", "project"]) for triple in page
        }


@pytest.fixture
async def processes(database: Secret[str], spicedb: SpiceDb) -> AsyncIterator[tuple[Process, Process]]:
    endpoint = f"http://{spicedb.endpoint}"
    clients = SpiceDbClient(endpoint, spicedb.token), SpiceDbClient(endpoint, spicedb.token)
    async with opened(database) as one, opened(database) as two:
        first, second = Process.over(one, clients[0]), Process.over(two, clients[1])
        await first.prepare()
        yield first, second
    for client in clients:
        await client.close()


@pytest.fixture
def process(processes: tuple[Process, Process]) -> Process:
    return processes[0]


@pytest.fixture
def another(processes: tuple[Process, Process]) -> Process:
    return processes[1]


@pytest.fixture
async def cut_off(process: Process) -> AsyncIterator[Process]:
    """The same process, its engine gone."""
    client = SpiceDbClient("http://127.0.0.1:1", Secret("token"))
    yield Process.over(process.database, client)
    await client.close()


async def test_what_is_committed_counts_in_the_very_next_check_everywhere(
    process: Process, another: Process
) -> None:
    """C11: a grant, and above all its end."""
    await process.relate(*HOUSE)
    for _ in range(ROUNDS):
        await process.relate(GRANT)
        assert await another.allows()

        await another.revoke()
        assert not await process.allows()


async def test_processes_that_mirror_at_once_leave_the_mirror_equal(
    process: Process, another: Process
) -> None:
    await process.relate(*HOUSE)

    async def grant_and_revoke(of: Process, number: int) -> None:
        for _ in range(10):
            await of.relate(Triple(user(number), "admin", domain(1)))
            await of.await_mirror()
            async with of.database():
                await of.tuples.unrelate_object(user(number))

    await asyncio.gather(*[grant_and_revoke(of, number) for number in (1, 2) for of in (process, another)])
    await process.await_mirror()

    assert await process.mirrored() == set(HOUSE)


async def test_a_lagging_mirror_is_not_asked(process: Process, cut_off: Process) -> None:
    """D12: the answer is that the authorizer is away, not what it said before."""
    await process.relate(*HOUSE, GRANT)
    assert await process.allows()

    await cut_off.revoke()

    with pytest.raises(AuthzUnavailable):
        await cut_off.allows()
    with pytest.raises(AuthzUnavailable):
        await cut_off.await_mirror()
    assert not await process.allows()


async def test_a_mirror_whose_turn_is_never_given_up_is_a_mirror_that_lags(
    process: Process, another: Process
) -> None:
    await process.relate(*HOUSE, GRANT)
    async with another.database():
        await another.reconcile.outbox.await_turn()

        with pytest.raises(AuthzUnavailable):
            await apart(process.await_mirror())

    assert await process.allows()


async def test_a_check_inside_a_unit_of_work_mirrors_nothing_of_it(process: Process) -> None:
    """Else a rollback would leave a grant behind in the engine."""
    await process.relate(*HOUSE)
    async with process.database():
        await process.tuples.relate(GRANT.subject, GRANT.relation, GRANT.object)

        assert not await process.allows()
        assert await process.mirrored() == set(HOUSE)

    assert await process.allows()


async def test_a_mirror_that_was_bypassed_answers_nothing_until_it_is_reconciled(
    process: Process, another: Process
) -> None:
    """A revocation by a process without a mirror must not be lost on one that has."""
    await process.relate(*HOUSE, GRANT)
    assert await process.allows()
    await Process.over(another.database, another.client, mirrored=False).revoke()

    with pytest.raises(AuthzUnavailable):
        await process.allows()

    assert await process.prepare() == Differences(0, 1, (TupleChange(Operation.DELETE, GRANT),))
    assert not await process.allows()


async def test_differences_are_reported_and_repaired(process: Process) -> None:
    await process.relate(*HOUSE)
    await process.await_mirror()
    stale = [Triple(user(number), "admin", project(1)) for number in range(1, 30)]
    changes = [
        TupleChange(Operation.DELETE, HOUSE[0]),
        *[TupleChange(Operation.TOUCH, triple) for triple in stale],
    ]
    await process.mirror.apply(changes, await process.mirror.fence())

    found = await process.reconcile(repair=False)
    assert (found.missing, found.stale, len(found.examples)) == (1, 29, 20)
    assert await process.reconcile(repair=True) == found

    assert await process.reconcile(repair=False) == Differences()
    assert await process.mirrored() == set(HOUSE)


async def test_a_new_engine_is_given_everything_at_start(process: Process, another: Process) -> None:
    triples = [Triple(user(number), "member", project(1)) for number in range(1, 1_100)]
    await Process.over(another.database, another.client, mirrored=False).relate(*HOUSE, GRANT, *triples)

    found = await process.prepare()

    assert found is not None
    assert (found.missing, found.stale) == (len(triples) + 3, 0)
    assert await process.allows()
    assert await another.prepare() is None


async def test_an_engine_that_lost_everything_is_given_everything_again(
    process: Process, database: Secret[str]
) -> None:
    """The store still says that the mirror is in step; the missing fence says better."""
    await process.relate(*HOUSE, GRANT)
    await process.await_mirror()
    empty = SpiceDb()
    client = SpiceDbClient(f"http://{empty.endpoint}", empty.token)
    restarted = Process.over(process.database, client)

    with pytest.raises(AuthzUnavailable):
        await restarted.allows()
    await restarted.prepare()

    assert await restarted.allows()
    await client.close()
    empty.close()
