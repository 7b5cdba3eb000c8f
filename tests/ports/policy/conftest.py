"""One suite, two stores: the fake in memory and the real adapter."""

from collections.abc import AsyncIterator

import pytest

from tests.support.memory_policies import PolicyKit, PolicyStore, memory_policies


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[PolicyKit]:
    """The collection of policies, empty."""
    if request.param == "memory":
        yield memory_policies(PolicyStore())
        return
    from tests.support.policy_postgres import lent_policies

    async with lent_policies(request.getfixturevalue("database")) as lent:
        yield lent
