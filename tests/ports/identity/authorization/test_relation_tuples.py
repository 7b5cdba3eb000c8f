"""One suite for every home of the tuples."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from plexsphere.identity.adapters.postgres.authz_outbox import PostgresAuthzOutbox
from plexsphere.identity.adapters.postgres.relation_tuples import PostgresRelationTuples
from plexsphere.identity.domain.authorization_errors import InvalidRelationTuple, RelationTupleNotFound
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.identity.ports.relation_tuples import AllTriples, RelationTuples
from plexsphere.identity.ports.relations import Relations
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from tests.support.authorization import (
    MemoryRelationTuples,
    MemoryUnitOfWork,
    domain,
    domain_stands,
    opened,
    project,
    project_id,
    project_stands,
    shipped_schema,
    stored,
    user,
)

PROJECT = project_id(project(1))
GRANT = Triple(user(1), "member", project(1))
OTHER = Triple(user(2), "member", project(1))
NONSENSE = Triple(user(1), "owner", project(1))


@dataclass
class Home:
    tuples: RelationTuples
    relations: Relations
    everything: AllTriples
    unit_of_work: UnitOfWork

    async def keep(self, relation_tuple: RelationTuple) -> RelationTuple:
        async with self.unit_of_work():
            return await self.tuples.add(relation_tuple)

    async def triples(self) -> list[Triple]:
        return [triple for _, triple in await self.everything.triples(None, 100)]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def home(request: pytest.FixtureRequest) -> AsyncIterator[Home]:
    if request.param == "memory":
        memory = MemoryRelationTuples(shipped_schema())
        yield Home(memory, memory, memory, MemoryUnitOfWork())
        return
    async with opened(request.getfixturevalue("database")) as database:
        outbox = PostgresAuthzOutbox(database, mirrored=True)
        kept = PostgresRelationTuples(database, shipped_schema(), outbox, SystemClock(), mint_id)
        yield Home(kept, kept, kept, database)


async def test_a_tuple_comes_back_as_it_was_kept(home: Home) -> None:
    grant = stored(1, GRANT, PROJECT)

    assert await home.keep(grant) == grant
    assert await home.tuples.get(grant.id) == grant
    assert await home.tuples.get(TupleId(UUID(int=2))) is None


async def test_a_triple_is_held_once_by_the_tuple_that_came_first(home: Home) -> None:
    first = await home.keep(stored(1, GRANT, PROJECT))

    assert await home.keep(stored(2, GRANT, project_id(project(2)))) == first
    assert await home.triples() == [GRANT]


async def test_a_triple_the_schema_does_not_know_is_not_kept(home: Home) -> None:
    grant = await home.keep(stored(1, GRANT, PROJECT))

    with pytest.raises(InvalidRelationTuple):
        await home.keep(stored(2, NONSENSE, PROJECT))
    async with home.unit_of_work():
        with pytest.raises(InvalidRelationTuple):
            await home.tuples.replace(grant, NONSENSE)
        with pytest.raises(InvalidRelationTuple):
            await home.relations.relate(user(1), "owner", project(1))

    assert await home.triples() == [GRANT]


async def test_a_replaced_tuple_holds_the_new_triple_alone(home: Home) -> None:
    grant = await home.keep(stored(1, GRANT, PROJECT))

    async with home.unit_of_work():
        after = await home.tuples.replace(grant, OTHER)

    assert after == replace(grant, triple=OTHER)
    assert await home.tuples.get(grant.id) == after
    assert await home.triples() == [OTHER]


async def test_two_tuples_never_hold_one_triple(home: Home) -> None:
    grant = await home.keep(stored(1, GRANT, PROJECT))
    await home.keep(stored(2, OTHER, PROJECT))

    with pytest.raises(InvalidRelationTuple):
        async with home.unit_of_work():
            await home.tuples.replace(grant, OTHER)

    assert await home.tuples.get(grant.id) == grant


async def test_a_removed_tuple_is_gone_and_cannot_be_removed_again(home: Home) -> None:
    grant = await home.keep(stored(1, GRANT, PROJECT))

    async with home.unit_of_work():
        await home.tuples.remove(grant)
    with pytest.raises(RelationTupleNotFound):
        async with home.unit_of_work():
            await home.tuples.remove(grant)

    assert await home.triples() == []


async def test_a_tuple_that_changed_meanwhile_is_left_alone(home: Home) -> None:
    """What a caller was allowed to change is what is changed, or nothing."""
    before = await home.keep(stored(1, GRANT, PROJECT))
    async with home.unit_of_work():
        await home.tuples.replace(before, OTHER)

    with pytest.raises(RelationTupleNotFound):
        async with home.unit_of_work():
            await home.tuples.remove(before)
    with pytest.raises(RelationTupleNotFound):
        async with home.unit_of_work():
            await home.tuples.replace(before, GRANT)

    assert await home.triples() == [OTHER]


async def test_pages_go_through_the_tuples_of_one_project_by_id(home: Home) -> None:
    for number in [3, 1, 2]:
        await home.keep(stored(number, Triple(user(number), "member", project(1)), PROJECT))
    await home.keep(stored(4, Triple(user(1), "member", project(2)), project_id(project(2))))
    await home.keep(stored(5, Triple(user(1), "admin", project(1))))

    first = await home.tuples.page(PROJECT, None, 2)
    second = await home.tuples.page(PROJECT, first[-1].id, 2)

    assert [row.id.int for row in [*first, *second]] == [1, 2, 3]


async def test_what_stands_on_an_object_or_under_it_goes_with_it(home: Home) -> None:
    async with home.unit_of_work():
        await home.relations.relate(PLATFORM_OBJECT, "platform", domain(1))
        await home.relations.relate(user(1), "admin", domain(1))
        await home.relations.relate(domain(1), "domain", project(1))
        await home.relations.relate(user(1), "admin", project(2))
        await home.relations.relate(user(1), "admin", domain(1))
    assert len(await home.triples()) == 4

    async with home.unit_of_work():
        await home.relations.unrelate_object(domain(1))

    assert await home.triples() == [Triple(user(1), "admin", project(2))]


async def test_a_project_knows_its_domain(home: Home) -> None:
    await home.keep(stored(1, project_stands(1, in_domain=7)))

    assert await home.tuples.home_of(PROJECT) == UUID(domain(7).id)
    assert await home.tuples.home_of(project_id(project(2))) is None


async def test_a_project_that_stands_in_a_domain_can_be_held(home: Home) -> None:
    await home.keep(stored(1, project_stands(1, in_domain=7)))

    async with home.unit_of_work():
        assert await home.tuples.hold_project(PROJECT)
        assert not await home.tuples.hold_project(project_id(project(2)))


async def test_what_a_project_lists_on_other_objects_is_counted(home: Home) -> None:
    await home.keep(stored(1, GRANT, PROJECT))
    await home.keep(stored(2, Triple(user(1), "admin", domain(1)), PROJECT))
    await home.keep(stored(3, Triple(user(1), "member", project(2)), PROJECT))
    await home.keep(stored(4, Triple(user(2), "admin", domain(1)), project_id(project(2))))

    async with home.unit_of_work():
        assert await home.relations.claim_listed(PROJECT) == 2
        assert await home.relations.claim_listed(project_id(project(3))) == 0


async def test_every_triple_is_read_once_and_those_that_hold_are_told_apart(home: Home) -> None:
    triples = [domain_stands(1), GRANT, OTHER]
    for number, triple in enumerate(triples, start=1):
        await home.keep(stored(number, triple))

    first = await home.everything.triples(None, 2)
    second = await home.everything.triples(first[-1][0], 2)

    assert [triple for _, triple in [*first, *second]] == triples
    assert await home.everything.holding([GRANT, domain_stands(2)]) == {GRANT}
    assert await home.everything.holding([]) == set()
