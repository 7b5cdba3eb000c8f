"""The authorizer over PostgreSQL, where it differs from its siblings: freshness and cost."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from plexsphere.identity.adapters import local_authorizer
from plexsphere.identity.adapters.local_authorizer import LocalAuthorizer
from plexsphere.identity.adapters.postgres.authz_outbox import PostgresAuthzOutbox
from plexsphere.identity.adapters.postgres.relation_tuples import PostgresRelationTuples
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.db.database import Connection, Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.authorization import (
    domain,
    domain_stands,
    opened,
    project,
    project_stands,
    shipped_schema,
    user,
)

pytestmark = pytest.mark.postgres

ROUNDS = 100
ALICE = user(1)
GRANT = Triple(ALICE, "admin", domain(1))
PAGE = [project(number) for number in range(1, 201)]


class CountedDatabase(Database):
    """Counts the statements that are run."""

    statements = 0

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        async with super().connection() as connection:
            yield Counted(connection, self)  # type: ignore[misc]  # stands in for the one method that is used


class Counted:
    def __init__(self, connection: Connection, database: CountedDatabase) -> None:
        self._connection = connection
        self._database = database

    async def execute(self, *arguments: Any) -> Any:
        self._database.statements += 1
        return await self._connection.execute(*arguments)


@pytest.fixture
async def databases(database: Secret[str]) -> AsyncIterator[tuple[Database, Database]]:
    """Two processes' views of one PostgreSQL."""
    async with opened(database) as one, opened(database) as two:
        yield one, two


def tuples_in(database: Database) -> PostgresRelationTuples:
    outbox = PostgresAuthzOutbox(database, mirrored=False)
    return PostgresRelationTuples(database, shipped_schema(), outbox, SystemClock(), mint_id)


async def relate(database: Database, *triples: Triple) -> None:
    tuples = tuples_in(database)
    async with database():
        for triple in triples:
            await tuples.relate(triple.subject, triple.relation, triple.object)


async def test_a_grant_taken_back_is_denied_at_once_in_another_process(
    databases: tuple[Database, Database],
) -> None:
    """C11."""
    here, there = databases
    authorizer = LocalAuthorizer(there, shipped_schema())
    await relate(here, domain_stands(1), project_stands(1, in_domain=1))
    for _ in range(ROUNDS):
        await relate(here, GRANT)
        assert (await authorizer.check(ALICE, "manage", project(1))).allowed

        async with here():
            await tuples_in(here).unrelate_object(ALICE)
        assert not (await authorizer.check(ALICE, "manage", project(1))).allowed


async def test_a_page_of_objects_is_one_statement(
    databases: tuple[Database, Database], database: Secret[str]
) -> None:
    await relate(
        databases[0],
        GRANT,
        *[domain_stands(number) for number in (1, 2)],
        *[project_stands(number, in_domain=1 + number % 2) for number in range(1, 201)],
    )
    async with opened(database) as plain:
        counted = CountedDatabase(plain._pool)
        authorizer = LocalAuthorizer(counted, shipped_schema())

        decisions = await authorizer.check_many(ALICE, "operate", PAGE)

    assert [decision.allowed for decision in decisions] == [number % 2 == 0 for number in range(1, 201)]
    assert counted.statements == 1


async def test_no_objects_are_no_statement(databases: tuple[Database, Database]) -> None:
    counted = CountedDatabase(databases[0]._pool)

    assert await LocalAuthorizer(counted, shipped_schema()).check_many(ALICE, "read", []) == []
    assert counted.statements == 0


async def test_a_check_that_waits_too_long_is_unavailable(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C10: a bounded wait, then no answer."""
    monkeypatch.setattr(local_authorizer, "DEADLINE_SECONDS", 0.2)
    here, there = databases
    async with here.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE relation_tuples")
        with pytest.raises(AuthzUnavailable):
            await LocalAuthorizer(there, shipped_schema()).check(ALICE, "read", domain(1))


async def test_a_store_that_is_away_allows_nothing(database: Secret[str]) -> None:
    """C10."""
    async with opened(database) as closed:
        authorizer = LocalAuthorizer(closed, shipped_schema())

    with pytest.raises(StoreUnavailable):
        await authorizer.check_many(ALICE, "read", PAGE)
