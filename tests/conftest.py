"""Fixtures that start the real engines behind the marked tests."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from plexsphere.platform.kernel.secret import Secret
from tests.support.spicedb_library import LibraryUnavailableError, bring_library

if TYPE_CHECKING:
    # Loading the drivers costs every test run a moment that only the marked tests should pay.
    from tests.support.cluster import Cluster
    from tests.support.postgres import TestServer
    from tests.support.spicedb import SpiceDb

# How long an example takes is the machine's affair, and no claim of a test.
settings.register_profile("whatever the machine", deadline=None)
settings.load_profile("whatever the machine")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["TestServer"]:
    """One PostgreSQL for all tests of the run (of each worker, where several run)."""
    from tests.support.postgres import running_server

    with running_server() as server:
        yield server


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Secret[str]]:
    """The URL of a fresh database with all migrations applied."""
    with _server_for(request).migrated_database() as dsn:
        yield dsn


@pytest.fixture
def empty_database(request: pytest.FixtureRequest) -> Iterator[Secret[str]]:
    """The URL of a fresh database with nothing in it."""
    with _server_for(request).empty_database() as dsn:
        yield dsn


def _server_for(request: pytest.FixtureRequest) -> "TestServer":
    if request.node.get_closest_marker("postgres") is None:
        pytest.fail("a test that needs PostgreSQL carries the marker 'postgres'")
    server: TestServer = request.getfixturevalue("postgres_server")
    return server


@pytest.fixture(scope="session")
def spicedb_engine() -> None:
    """The native SpiceDB engine is loaded; where it cannot be had, the test skips and says why."""
    try:
        library = bring_library()
    except LibraryUnavailableError as reason:
        pytest.skip(f"no SpiceDB engine: {reason}")
    from tests.support.spicedb import load_engine

    load_engine(library)


@pytest.fixture
def spicedb(spicedb_engine: None) -> Iterator["SpiceDb"]:
    """An empty SpiceDB of the test's own: `endpoint` (host:port, no TLS) and `token` (a Secret)."""
    from tests.support.spicedb import SpiceDb

    server = SpiceDb()
    yield server
    server.close()


@pytest.fixture
async def cluster(request: pytest.FixtureRequest) -> AsyncIterator["Cluster"]:
    """A customer's cluster with a fresh namespace: an API server of our own, or the real one that is named."""
    if request.node.get_closest_marker("kube") is None:
        pytest.fail("a test that needs a cluster carries the marker 'kube'")
    from tests.support.cluster import a_cluster

    async with a_cluster() as lent:
        yield lent
