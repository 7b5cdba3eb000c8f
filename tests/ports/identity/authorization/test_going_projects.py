"""Grants that are written while the Project that lists them goes, on the real store."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from plexsphere.identity.adapters.postgres.authz_outbox import PostgresAuthzOutbox
from plexsphere.identity.adapters.postgres.relation_tuples import PostgresRelationTuples
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.secret import Secret
from tests.support.authorization import (
    domain,
    opened,
    project,
    project_id,
    project_stands,
    shipped_schema,
    stored,
    user,
)

pytestmark = pytest.mark.postgres

PROJECT = project_id(project(1))
OWN = Triple(user(1), "member", project(1))
ELSEWHERE = Triple(user(1), "admin", domain(1))
WHILE_THE_OTHER_WAITS = 0.3


class Going:
    """One store, a Project in it, and who came first."""

    def __init__(self, database: Database) -> None:
        self.unit_of_work = database
        outbox = PostgresAuthzOutbox(database, mirrored=True)
        self.tuples = PostgresRelationTuples(database, shipped_schema(), outbox, SystemClock(), mint_id)
        self.begun = asyncio.Event()

    async def keep(self, relation_tuple: RelationTuple) -> None:
        async with self.unit_of_work():
            await self.tuples.add(relation_tuple)

    async def count_and_go(self) -> int:
        """Return what was counted; the Project's own relations are gone then."""
        async with self.unit_of_work():
            counted = await self.tuples.claim_listed(PROJECT)
            self.begun.set()
            await asyncio.sleep(WHILE_THE_OTHER_WAITS)
            await self.tuples.unrelate_object(project(1))
        return counted


@pytest.fixture
async def going(database: Secret[str]) -> AsyncIterator[Going]:
    async with opened(database) as lent:
        scene = Going(lent)
        await scene.keep(stored(1, project_stands(1, in_domain=1)))
        yield scene


async def test_a_grant_that_is_being_listed_is_counted(going: Going) -> None:
    async def grant() -> None:
        async with going.unit_of_work():
            assert await going.tuples.hold_project(PROJECT)
            going.begun.set()
            await asyncio.sleep(WHILE_THE_OTHER_WAITS)
            await going.tuples.add(stored(2, ELSEWHERE, PROJECT))

    async def go() -> int:
        await going.begun.wait()
        return await going.count_and_go()

    _, counted = await asyncio.gather(grant(), go())

    assert counted == 1


async def test_nothing_is_listed_under_a_project_that_is_going(going: Going) -> None:
    async def grant() -> bool:
        await going.begun.wait()
        async with going.unit_of_work():
            return await going.tuples.hold_project(PROJECT)

    counted, held = await asyncio.gather(going.count_and_go(), grant())

    assert (counted, held) == (0, False)


async def test_a_listed_grant_that_moves_to_another_object_is_counted(going: Going) -> None:
    own = stored(2, OWN, PROJECT)
    await going.keep(own)

    async def move() -> None:
        async with going.unit_of_work():
            await going.tuples.replace(own, ELSEWHERE)
            going.begun.set()
            await asyncio.sleep(WHILE_THE_OTHER_WAITS)

    async def go() -> int:
        await going.begun.wait()
        return await going.count_and_go()

    _, counted = await asyncio.gather(move(), go())

    assert counted == 1
