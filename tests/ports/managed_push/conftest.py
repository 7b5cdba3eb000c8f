"""The ports of managed push, over memory and over PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from tests.support.managed_push import ManagedPushKit, PushStore, memory_managed_push


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[ManagedPushKit]:
    """The collections, empty, with two Domains."""
    if request.param == "memory":
        yield memory_managed_push(PushStore())
        return
    from tests.support.managed_push_postgres import lent_managed_push

    async with lent_managed_push(request.getfixturevalue("database")) as lent:
        yield lent
