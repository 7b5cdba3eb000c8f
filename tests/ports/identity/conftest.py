"""One suite, two stores: the fakes in memory and the real adapters."""

from collections.abc import AsyncIterator

import pytest

from tests.support.identity import FakeClock, Kit, MemoryStore, memory_kit


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    """Every collection of identity, empty."""
    if request.param == "memory":
        yield memory_kit(MemoryStore(FakeClock()))
        return
    from tests.support.identity_postgres import lent_kit

    async with lent_kit(request.getfixturevalue("database")) as lent:
        yield lent
