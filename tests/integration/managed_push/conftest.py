"""The real collections of managed push, with something in each of them."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from tests.support.managed_push_postgres import PushDatabase, lent_push_database
from tests.support.postgres import TestServer


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    """The URL of a database that the tests of a module share."""
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(lasting_database: Secret[str]) -> AsyncIterator[PushDatabase]:
    """Two Domains with a target, two pushes and an intent each; who changes them does so in passing."""
    async with lent_push_database(lasting_database) as lent:
        await lent.inhabit()
        yield lent
