"""
A customer's cluster: one that PLEXSPHERE_TEST_KUBECONFIG names, else an API server of our own.

Nobody who uses this can tell which of the two it is.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import yaml

from plexsphere.platform.kernel.plexd_hook import PLEXD_HOOK_GVK
from tests.kube_api.definitions import Definition, manifest
from tests.kube_api.field_sets import NOTHING, FieldSet, Json, decoded
from tests.kube_api.server import RunningApi, running_api
from tests.support.kubeconfigs import Access, Reply, access_of, inlined

VARIABLE: Final = "PLEXSPHERE_TEST_KUBECONFIG"
APPLY: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"
NAMESPACES: Final = "/api/v1/namespaces"
DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# A cluster takes a moment to serve a kind that it was just told of.
SERVED_SECONDS: Final = 30.0
A_DIGEST: Final = f"sha256:{'a' * 64}"
ANOTHER_DIGEST: Final = f"sha256:{'b' * 64}"


@dataclass(frozen=True)
class Customer:
    """
    Whoever else writes to the cluster: GitOps tools, people with kubectl, controllers.

    It works on the PlexdHooks of one namespace, and takes any answer for an answer: `Reply.status` says which.
    """

    access: Access = field(repr=False)
    namespace: str

    async def apply(self, manager: str, body: Json, *, force: bool | str = False, **query: str) -> Reply:
        """Server-Side Apply a body as `hook_body` makes it; `force` as a text goes over the wire as it is."""
        wire = force if isinstance(force, str) else json.dumps(force)
        asked = {"fieldManager": manager, "force": wire, **query}
        return await self._patch(body["metadata"]["name"], body, APPLY, asked)

    async def merge_patch(self, manager: str, name: str, patch: Json, **query: str) -> Reply:
        """Change fields whoever owns them, as `kubectl edit` does."""
        return await self._patch(name, patch, MERGE_PATCH, {"fieldManager": manager, **query})

    async def create(self, manager: str, body: Json, **query: str) -> Reply:
        """Create an object, as `kubectl create` does."""
        asked = {"fieldManager": manager, **query}
        return await self.access.call("POST", self._path(), body=body, query=asked)

    async def replace(self, manager: str, body: Json, **query: str) -> Reply:
        """Put another value in an object's place."""
        asked = {"fieldManager": manager, **query}
        return await self.access.call("PUT", self._path(body["metadata"]["name"]), body=body, query=asked)

    async def report_status(self, manager: str, name: str, status: Json) -> Reply:
        """Change the status, as a controller does."""
        return await self._patch(f"{name}/status", {"status": status}, MERGE_PATCH, {"fieldManager": manager})

    async def delete(self, name: str, **preconditions: str) -> Reply:
        """Delete an object; `uid` and `resourceVersion` are preconditions."""
        body = {"preconditions": preconditions} if preconditions else None
        return await self.access.call("DELETE", self._path(name), body=body)

    async def get(self, name: str) -> Json | None:
        """Return an object, None where there is none."""
        reply = await self.access.call("GET", self._path(name))
        assert reply.status in (200, 404), reply
        return reply.body if reply.status == 200 else None

    async def there(self, name: str) -> Json:
        """Return an object that is there."""
        found = await self.get(name)
        assert found is not None, f"{name} is not there"
        return found

    async def names(self) -> list[str]:
        """Return the names of the objects in the namespace."""
        reply = await self.access.call("GET", self._path())
        assert reply.status == 200, reply
        return sorted(each["metadata"]["name"] for each in reply.body["items"])

    async def owned_by(self, manager: str, name: str, operation: str = "Apply") -> FieldSet:
        """Return the fields of an object that a manager owns; see `tests.kube_api.field_sets`."""
        return owned_by(await self.there(name), manager, operation)

    async def ownership(self, name: str) -> dict[tuple[str, str, str], FieldSet]:
        """Return the fields of every owner: (manager, operation, subresource)."""
        return ownership(await self.there(name))

    async def _patch(self, name: str, body: Json, sort: str, query: Mapping[str, str]) -> Reply:
        return await self.access.call("PATCH", self._path(name), body=body, query=query, sort=sort)

    def _path(self, name: str = "") -> str:
        gvk = PLEXD_HOOK_GVK
        path = f"/apis/{gvk.group}/{gvk.version}/namespaces/{self.namespace}/{gvk.plural}"
        return f"{path}/{name}" if name else path


def ownership(found: Json) -> dict[tuple[str, str, str], FieldSet]:
    """Return the fields of every owner of an object: (manager, operation, subresource)."""
    return {
        (each["manager"], each["operation"], each.get("subresource", "")): decoded(each["fieldsV1"])
        for each in found["metadata"].get("managedFields", ())
    }


def owned_by(found: Json, manager: str, operation: str = "Apply") -> FieldSet:
    """Return the fields of an object that a manager owns by an operation on the object itself."""
    return ownership(found).get((manager, operation, ""), NOTHING)


@dataclass(frozen=True)
class Cluster:
    """A cluster that knows PlexdHook, and a fresh namespace in it."""

    kubeconfig: bytes = field(repr=False)
    customer: Customer
    # Our own server, for what cannot be asked of a real one; None is a real one.
    api: RunningApi | None = None

    @property
    def namespace(self) -> str:
        return self.customer.namespace

    @asynccontextmanager
    async def another_namespace(self) -> AsyncIterator[Self]:
        """Lend the same cluster with another fresh namespace."""
        async with _a_namespace(self.customer.access) as namespace:
            yield type(self)(self.kubeconfig, Customer(self.customer.access, namespace), self.api)

    def hook_body(self, object_name: str = "hook", /, **spec: Any) -> Json:
        """Return the body of a PlexdHook in this namespace, with these fields of a spec and no others."""
        return {
            "apiVersion": PLEXD_HOOK_GVK.api_version,
            "kind": PLEXD_HOOK_GVK.kind,
            "metadata": {"name": object_name, "namespace": self.namespace},
            **({"spec": spec} if spec else {}),
        }


@asynccontextmanager
async def a_cluster() -> AsyncIterator[Cluster]:
    """Lend a cluster that knows PlexdHook as we ship it."""
    if named := os.environ.get(VARIABLE):
        async with reached_cluster(inlined(Path(named)), is_real=True) as cluster:
            yield cluster
        return
    async with a_cluster_of_ours() as cluster:
        yield cluster


@asynccontextmanager
async def a_cluster_of_ours(definition: Definition | None = None) -> AsyncIterator[Cluster]:
    """Lend a server of our own, whatever the environment names; customers may define PlexdHook otherwise."""
    async with running_api(definition) as running, reached_cluster(running.kubeconfig()) as cluster:
        yield replace(cluster, api=running)


@asynccontextmanager
async def reached_cluster(kubeconfig: bytes, *, is_real: bool = False) -> AsyncIterator[Cluster]:
    """Lend the cluster that a kubeconfig with everything inline names; a real one is told of PlexdHook first."""
    async with access_of(yaml.safe_load(kubeconfig)) as access:
        if is_real:
            await _install(access)
        async with _a_namespace(access) as namespace:
            yield Cluster(kubeconfig, Customer(access, namespace))


async def _install(access: Access) -> None:
    query = {"fieldManager": "plexsphere-tests", "force": "true"}
    document = manifest()
    path = f"{DEFINITIONS}/{document['metadata']['name']}"
    reply = await access.call("PATCH", path, body=document, query=query, sort=APPLY)
    assert reply.status in (200, 201), reply
    async with asyncio.timeout(SERVED_SECONDS):
        for pause in repeat(0.2):
            if (await access.call("GET", f"/apis/{PLEXD_HOOK_GVK.api_version}")).status == 200:
                return
            await asyncio.sleep(pause)


@asynccontextmanager
async def _a_namespace(access: Access) -> AsyncIterator[str]:
    name = f"plexsphere-test-{secrets.token_hex(6)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    reply = await access.call("POST", NAMESPACES, body=body)
    assert reply.status == 201, reply
    try:
        yield name
    finally:
        # What the test did to the cluster is its claim; that it cannot be tidied up any more is not.
        with suppress(aiohttp.ClientError, TimeoutError):
            await access.call("DELETE", f"{NAMESPACES}/{name}")
