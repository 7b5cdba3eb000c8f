"""What is known of releases, over memory and over PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from tests.support.artifacts import ReleaseKit, ReleaseStore, memory_releases


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def releases(request: pytest.FixtureRequest) -> AsyncIterator[ReleaseKit]:
    """Nothing is released yet."""
    if request.param == "memory":
        yield memory_releases(ReleaseStore())
        return
    from tests.support.artifacts_postgres import lent_releases

    async with lent_releases(request.getfixturevalue("database")) as lent:
        yield lent
