"""Fixtures that start the real engines behind the marked tests."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.spicedb_library import LibraryUnavailableError, bring_library

if TYPE_CHECKING:
    # Loading gRPC costs every test run a moment that only the marked tests should pay.
    from tests.support.spicedb import SpiceDb


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
