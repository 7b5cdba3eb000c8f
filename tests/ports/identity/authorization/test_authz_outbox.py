"""What waits for the mirror, in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from plexsphere.identity.adapters.postgres.authz_outbox import PostgresAuthzOutbox
from plexsphere.identity.adapters.postgres.relation_tuples import PostgresRelationTuples
from plexsphere.identity.domain.authorization_errors import RelationTupleNotFound
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.tuple_change import Operation, TupleChange
from plexsphere.identity.ports.authz_outbox import Standing
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.secret import Secret
from tests.support.authorization import apart, opened, project, project_id, shipped_schema, stored, user

pytestmark = pytest.mark.postgres

GRANT = Triple(user(1), "member", project(1))
OTHER = Triple(user(2), "member", project(1))


@dataclass
class Process:
    """One process's view of the outbox and the tuples."""

    database: Database
    outbox: PostgresAuthzOutbox
    tuples: PostgresRelationTuples

    @classmethod
    def over(cls, database: Database, *, mirrored: bool = True) -> "Process":
        outbox = PostgresAuthzOutbox(database, mirrored=mirrored)
        tuples = PostgresRelationTuples(database, shipped_schema(), outbox, SystemClock(), mint_id)
        return cls(database, outbox, tuples)

    async def relate(self, triple: Triple) -> None:
        async with self.database():
            await self.tuples.relate(triple.subject, triple.relation, triple.object)

    async def waiting(self) -> list[TupleChange]:
        async with self.database():
            return [row.change for row in await self.outbox.oldest(100)]

    async def has_turn(self) -> bool:
        async with self.database():
            return await self.outbox.take_turn()

    async def mirror_everything(self) -> None:
        async with self.database():
            assert await self.outbox.take_turn()
            await self.outbox.forget(await self.outbox.oldest(100), "zed")

    async def come_into_step(self) -> None:
        async with self.database():
            await self.outbox.await_turn()
            await self.outbox.mark_in_step("zed")


@pytest.fixture
async def process(database: Secret[str]) -> AsyncIterator[Process]:
    async with opened(database) as opened_database:
        yield Process.over(opened_database)


@pytest.fixture
async def another(database: Secret[str]) -> AsyncIterator[Process]:
    async with opened(database) as opened_database:
        yield Process.over(opened_database)


@pytest.fixture
async def local(database: Secret[str]) -> AsyncIterator[Process]:
    """A process in which no mirror is configured."""
    async with opened(database) as opened_database:
        yield Process.over(opened_database, mirrored=False)


async def test_every_write_leaves_its_change_in_order(process: Process) -> None:
    grant = stored(1, GRANT, project_id(project(1)))
    async with process.database():
        await process.tuples.add(grant)
        await process.tuples.add(stored(2, GRANT))
        after = await process.tuples.replace(grant, OTHER)
        await process.tuples.remove(after)
        await process.tuples.relate(user(1), "admin", project(1))
        await process.tuples.unrelate_object(project(1))

    owner = Triple(user(1), "admin", project(1))
    assert await process.waiting() == [
        TupleChange(Operation.TOUCH, GRANT),
        TupleChange(Operation.DELETE, GRANT),
        TupleChange(Operation.TOUCH, OTHER),
        TupleChange(Operation.DELETE, OTHER),
        TupleChange(Operation.TOUCH, owner),
        TupleChange(Operation.DELETE, owner),
    ]


async def test_what_is_rolled_back_leaves_nothing(process: Process) -> None:
    with pytest.raises(RelationTupleNotFound):
        await apart(fail_after_a_write(process))

    assert await process.waiting() == []


async def fail_after_a_write(process: Process) -> None:
    async with process.database():
        await process.tuples.relate(user(1), "admin", project(1))
        await process.tuples.remove(stored(1, GRANT))


async def test_a_write_outside_a_unit_of_work_is_a_mistake(process: Process) -> None:
    with pytest.raises(RuntimeError):
        await process.tuples.relate(user(1), "admin", project(1))


async def test_a_row_that_commits_late_is_not_passed_over(process: Process, another: Process) -> None:
    """Ids are given out before the commit; the highest one mirrored says nothing about lower ones."""
    async with process.database():
        await process.tuples.relate(GRANT.subject, GRANT.relation, GRANT.object)
        await apart(another.relate(OTHER))
        await apart(another.mirror_everything())
    standing = await another.outbox.standing()

    assert standing.newest is not None
    assert not await another.outbox.is_mirrored(standing.newest)
    assert await another.waiting() == [TupleChange(Operation.TOUCH, GRANT)]


async def test_a_late_row_is_waited_for_by_those_who_came_after_it(
    process: Process, another: Process
) -> None:
    """The newest row is mirrored, an older one is not: the mirror still lags."""
    async with process.database():
        await process.tuples.relate(GRANT.subject, GRANT.relation, GRANT.object)
        await apart(another.relate(OTHER))
        newest = (await apart(another.outbox.standing())).newest
        await apart(another.mirror_everything())

    assert newest is not None
    assert not await another.outbox.is_mirrored(newest)


async def test_what_is_mirrored_takes_no_room(process: Process) -> None:
    await process.relate(GRANT)
    standing = await process.outbox.standing()
    assert standing.newest is not None
    assert not await process.outbox.is_mirrored(standing.newest)

    await process.mirror_everything()

    assert await process.outbox.is_mirrored(standing.newest)
    assert (await process.outbox.standing()).newest is None


async def test_one_process_mirrors_at_a_time(process: Process, another: Process) -> None:
    async with process.database():
        assert await process.outbox.take_turn()
        assert not await apart(another.has_turn())

    assert await another.has_turn()


async def test_a_mirror_is_in_step_only_after_it_was_reconciled(process: Process) -> None:
    assert await process.outbox.standing() == Standing(in_step=False, newest=None)

    await process.relate(GRANT)
    await process.mirror_everything()
    assert not (await process.outbox.standing()).in_step

    await process.come_into_step()
    assert (await process.outbox.standing()).in_step

    await process.relate(OTHER)
    await process.mirror_everything()
    assert (await process.outbox.standing()).in_step


async def test_without_a_mirror_nothing_piles_up_and_an_old_mirror_falls_out_of_step(
    process: Process, local: Process
) -> None:
    """Else a grant taken back while no mirror was configured would still be in it."""
    await process.relate(GRANT)
    await process.mirror_everything()
    await process.come_into_step()

    async with local.database():
        await local.tuples.unrelate_object(project(1))

    assert await process.outbox.standing() == Standing(in_step=False, newest=None)


async def test_a_process_without_a_mirror_waits_for_a_reconciliation(
    process: Process, local: Process
) -> None:
    """Else its tuple, written behind the comparison's back, would be missing from a mirror in step."""
    async with process.database():
        await process.outbox.await_turn()
        writing = asyncio.create_task(apart(local.relate(GRANT)))
        await asyncio.sleep(0.1)
        assert await process.tuples.triples(None, 10) == []
        await process.outbox.mark_in_step("zed")
    await writing

    assert not (await process.outbox.standing()).in_step
