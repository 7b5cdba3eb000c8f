"""One suite, two stores: the fake in memory and the real adapter."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.hooks.discovered_hooks import PostgresDiscoveredHooks
from plexsphere.policy.domain.hooks.discovered_hook import discovered
from plexsphere.policy.ports.hooks.discovered_hooks import DiscoveredHooks
from tests.support.discovered_hooks import MemoryDiscoveredHooks
from tests.support.hooks import NODES, home, lent_hooks, said
from tests.support.postgres import TestServer


@pytest.fixture(scope="module")
def hooks_database(request: pytest.FixtureRequest) -> Iterator[Secret[str]]:
    """The URL of the module's database."""
    server: TestServer = request.getfixturevalue("postgres_server")
    with server.migrated_database() as dsn:
        yield dsn


@dataclass(frozen=True)
class HooksKit:
    """The listing, and how a node lets the control plane know what it found."""

    hooks: DiscoveredHooks
    find: Callable[[NodeId, dict[str, str]], Awaitable[None]]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[HooksKit]:
    """The listing, empty."""
    if request.param == "memory":
        yield _memory(MemoryDiscoveredHooks())
        return
    async with lent_hooks(request.getfixturevalue("hooks_database")) as scene:

        async def find(node_id: NodeId, hooks: dict[str, str]) -> None:
            await scene.take(said(node_id, **manifest(hooks)))

        yield HooksKit(PostgresDiscoveredHooks(scene.database), find)


def manifest(hooks: dict[str, str]) -> dict[str, Any]:
    """Return an announcement of these digests, of which only `declared` and `odd` are the declared ones."""
    seen = [{"name": name, "image_digest": digest} for name, digest in hooks.items()]
    declared = [
        {"name": name, "source": "crd", "checksum": digest}
        for name, digest in hooks.items()
        if name.startswith(("declared", "odd"))
    ]
    return {"hooks": declared, "discovered_hooks": seen}


def _memory(hooks: MemoryDiscoveredHooks) -> HooksKit:
    async def find(node_id: NodeId, found: dict[str, str]) -> None:
        for hook in discovered(said(node_id, **manifest(found)).manifest):
            hooks.add(home(node_id), NODES[node_id], node_id, hook)

    return HooksKit(hooks, find)
