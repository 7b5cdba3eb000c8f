"""A customer's cluster: the fake over the API server's objects and the adapter over HTTPS do alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest

from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.cluster_object import FIELD_MANAGER
from plexsphere.managed_push.domain.errors import ClusterConflict, StaleCapture, WriteRefused
from plexsphere.managed_push.domain.request import Request
from plexsphere.managed_push.ports.cluster import ClusterSession
from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.field_sets import Json
from tests.kube_api.object_store import Wish
from tests.kube_api.stored_objects import Key
from tests.support.cluster import Customer, a_cluster
from tests.support.cluster_access import access_by, https_cluster
from tests.support.managed_push import DIGEST
from tests.support.memory_cluster import NAMESPACE, MemoryCluster

NAME: Final = "backup"
OTHER_DIGEST: Final = "sha256:" + "1" * 64
ANYWHERE: Final = ClusterAccess("https://c", "c", 443, "", "", "", Secret("token"), None)


@dataclass(frozen=True)
class MemoryCustomer:
    """Another manager, straight at the objects."""

    cluster: MemoryCluster

    async def apply(self, manager: str, body: Json) -> None:
        self.cluster.store.apply(Key(NAMESPACE, NAME), body, Wish(manager))

    async def get(self, name: str) -> Json | None:
        return self.cluster.store.get(Key(NAMESPACE, name)) if self.cluster.store.objects else None


@dataclass(frozen=True)
class Scene:
    """A session, and somebody else who writes to the same namespace."""

    session: ClusterSession
    customer: MemoryCustomer | Customer
    namespace: str

    def body(self, **changed: Any) -> dict[str, Any]:
        """Return a push, changed in these fields of its spec."""
        return self.request(**changed).rendered()

    def request(self, **changed: Any) -> Request:
        given = {"image_digest": DIGEST, "parameters": {"mode": "full"}, "timeout_seconds": 30, **changed}
        return Request.of(self.namespace, NAME, **given, sandbox=True)


@asynccontextmanager
async def in_memory() -> AsyncIterator[Scene]:
    cluster = MemoryCluster()
    async with cluster.session(ANYWHERE) as session:
        yield Scene(session, MemoryCustomer(cluster), NAMESPACE)


@asynccontextmanager
async def over_https() -> AsyncIterator[Scene]:
    async with a_cluster() as cluster, https_cluster().session(access_by(cluster.kubeconfig)) as session:
        yield Scene(session, cluster.customer, cluster.namespace)


@pytest.fixture(params=[in_memory, pytest.param(over_https, marks=pytest.mark.kube)], ids=["memory", "https"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with request.param() as lent:
        yield lent


async def test_there_is_nothing_where_nothing_is(scene: Scene) -> None:
    assert await scene.session.get_hook(scene.namespace, NAME) is None


async def test_an_apply_tells_whether_it_made_the_object_and_what_it_is_now(scene: Scene) -> None:
    first = await scene.session.apply_hook(scene.body())
    second = await scene.session.apply_hook(scene.body(timeout_seconds=5))
    found = await scene.session.get_hook(scene.namespace, NAME)

    assert (first.is_created, second.is_created) == (True, False)
    assert found is not None
    assert found.content == second.object.content
    assert first.object.uid == second.object.uid
    assert found.is_as_pushed(scene.request(timeout_seconds=5))


async def test_an_object_is_told_with_everything_that_a_rollback_needs(scene: Scene) -> None:
    await scene.session.apply_hook(scene.body())

    found = await scene.session.get_hook(scene.namespace, NAME)

    assert found is not None
    assert found.ours is not None
    assert set(found.metadata) >= {"uid", "resourceVersion", "generation", "managedFields"}
    assert [entry["manager"] for entry in found.metadata["managedFields"]] == [FIELD_MANAGER]


async def test_a_field_of_another_manager_is_a_conflict_and_nothing_is_written(scene: Scene) -> None:
    """M26."""
    await scene.customer.apply("gitops", scene.body(image_digest=OTHER_DIGEST))
    before = await scene.customer.get(NAME)

    with pytest.raises(ClusterConflict):
        await scene.session.apply_hook(scene.body())

    assert await scene.customer.get(NAME) == before


async def test_an_object_of_another_version_is_a_stale_capture(scene: Scene) -> None:
    made = await scene.session.apply_hook(scene.body())
    await scene.session.apply_hook(scene.body(timeout_seconds=5))
    body = scene.body(timeout_seconds=6)
    body["metadata"]["resourceVersion"] = made.object.resource_version

    with pytest.raises(StaleCapture):
        await scene.session.apply_hook(body)


async def test_what_the_schema_forbids_is_refused_for_good(scene: Scene) -> None:
    body = scene.body()
    del body["spec"]["imageDigest"]

    with pytest.raises(WriteRefused) as caught:
        await scene.session.apply_hook(body)

    assert caught.value.is_invalid
    assert await scene.customer.get(NAME) is None


async def test_a_dry_run_answers_and_writes_nothing(scene: Scene) -> None:
    tried = await scene.session.apply_hook(scene.body(), dry_run=True)

    assert tried.is_created
    assert tried.object.uid
    assert await scene.customer.get(NAME) is None


async def test_that_very_object_is_deleted_and_no_other(scene: Scene) -> None:
    """M23."""
    made = await scene.session.apply_hook(scene.body())

    with pytest.raises(StaleCapture):
        await scene.session.delete_hook(scene.namespace, NAME, str(uuid4()))
    assert await scene.customer.get(NAME) is not None

    await scene.session.delete_hook(scene.namespace, NAME, made.object.uid)
    assert await scene.customer.get(NAME) is None

    await scene.session.delete_hook(scene.namespace, NAME, made.object.uid)


async def test_a_uid_in_the_body_keeps_what_is_deleted_deleted(scene: Scene) -> None:
    body = scene.body()
    body["metadata"]["uid"] = str(uuid4())

    with pytest.raises(StaleCapture):
        await scene.session.apply_hook(body)

    assert await scene.customer.get(NAME) is None


async def test_a_namespace_that_is_not_there_holds_nothing_and_takes_nothing(scene: Scene) -> None:
    body = scene.body()
    body["metadata"]["namespace"] = "nowhere"

    with pytest.raises(WriteRefused):
        await scene.session.apply_hook(body)

    assert await scene.session.get_hook("nowhere", NAME) is None
