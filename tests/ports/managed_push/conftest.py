"""The ports of managed push."""

import pytest

from tests.support.managed_push import ManagedPushKit, PushStore, memory_managed_push


@pytest.fixture
def kit() -> ManagedPushKit:
    """The collections, empty, with two Domains."""
    return memory_managed_push(PushStore())
