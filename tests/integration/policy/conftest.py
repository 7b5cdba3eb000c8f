"""One database for every test of a module about hooks, emptied before each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.hooks import HookScene, lent_hooks
from tests.support.postgres import TestServer


@pytest.fixture(scope="module")
def hooks_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    """The URL of the module's database."""
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest.fixture
async def scene(hooks_database: Secret[str]) -> AsyncIterator[HookScene]:
    """Announcements and integrity over the nodes of two Domains."""
    async with lent_hooks(hooks_database) as scene:
        yield scene
