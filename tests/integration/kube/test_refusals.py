"""What an API server refuses, with which status, as it was measured; nothing of it is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.support.cluster import A_DIGEST, Cluster
from tests.support.kubeconfigs import Json, Reply

pytestmark = pytest.mark.kube

APPLY: Final = "application/apply-patch+yaml"
SPEC: Final[Json] = {"name": "hook", "imageDigest": A_DIGEST}


@dataclass(frozen=True)
class Refusal:
    """A change to a good body, and what is answered to it."""

    change: Callable[[Json], Any]
    status: int
    reason: str | None
    field: str = ""


def with_spec(**spec: Any) -> Callable[[Json], Any]:
    return lambda body: body["spec"].update(spec)


def with_metadata(**metadata: Any) -> Callable[[Json], Any]:
    return lambda body: body["metadata"].update(metadata)


REFUSED: Final[dict[str, Refusal]] = {
    "a digest of another form": Refusal(with_spec(imageDigest="latest"), 422, "Invalid", "spec.imageDigest"),
    "a required field that is missing": Refusal(
        lambda body: body["spec"].pop("imageDigest"), 422, "Invalid", "spec.imageDigest"
    ),
    "a required field that is null": Refusal(with_spec(imageDigest=None), 422, "Invalid", "spec.imageDigest"),
    "a number out of range": Refusal(with_spec(timeoutSeconds=-1), 422, "Invalid", "spec.timeoutSeconds"),
    "an unknown field": Refusal(with_spec(image="x"), 500, None),
    "a text that should be a number": Refusal(with_spec(timeoutSeconds="9"), 500, None),
    "a number that should be a text": Refusal(with_spec(parameters={"a": 1}), 500, None),
    "a list that should be a map": Refusal(with_spec(parameters=["a"]), 500, None),
    "a boolean that should be a number": Refusal(with_spec(timeoutSeconds=True), 500, None),
    "another kind": Refusal(lambda body: body.update(kind="Other"), 400, "BadRequest"),
    "another group": Refusal(lambda body: body.update(apiVersion="example.io/v1"), 400, "BadRequest"),
    "another name": Refusal(with_metadata(name="other"), 400, "BadRequest"),
    "no name": Refusal(lambda body: body["metadata"].pop("name"), 400, "BadRequest"),
    "another namespace": Refusal(with_metadata(namespace="other"), 400, "BadRequest"),
    "fields that are managed": Refusal(with_metadata(managedFields=[]), 400, "BadRequest"),
}


async def patched(cluster: Cluster, body: Json, name: str = "hook", sort: str = APPLY, **query: str) -> Reply:
    """Patch whatever the body says of its name."""
    path = f"/apis/hooks.plexd.io/v1alpha1/namespaces/{cluster.namespace}/plexdhooks/{name}"
    asked = {"fieldManager": "us", **query}
    found = {key: value for key, value in asked.items() if value}
    return await cluster.customer.access.call("PATCH", path, body=body, query=found, sort=sort)


@pytest.mark.parametrize("refusal", REFUSED.values(), ids=REFUSED.keys())
async def test_a_body_that_does_not_fit_is_refused(cluster: Cluster, refusal: Refusal) -> None:
    body = cluster.hook_body(**SPEC)
    refusal.change(body)
    reply = await patched(cluster, body)

    assert (reply.status, reply.body["code"]) == (refusal.status, refusal.status)
    assert (reply.body["kind"], reply.body["apiVersion"], reply.body["status"]) == ("Status", "v1", "Failure")
    assert reply.body.get("reason") == refusal.reason
    assert refusal.field in [each["field"] for each in reply.causes] or not refusal.field
    assert await cluster.customer.get("hook") is None


async def test_a_bad_name_is_invalid(cluster: Cluster) -> None:
    reply = await patched(cluster, cluster.hook_body("Hook_1", **SPEC), name="Hook_1")

    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert [each["field"] for each in reply.causes] == ["metadata.name"]


async def test_fields_that_are_managed_may_be_null(cluster: Cluster) -> None:
    body = cluster.hook_body(**SPEC)
    body["metadata"]["managedFields"] = None

    assert (await patched(cluster, body)).status == 201


@pytest.mark.parametrize(
    ("sort", "query", "status"),
    [
        (APPLY, {"fieldManager": ""}, 422),
        (APPLY, {"fieldManager": "m" * 129}, 422),
        (APPLY, {"fieldManager": "m" * 128}, 201),
        ("application/merge-patch+json", {"force": "true"}, 422),
        ("application/apply-patch+json", {}, 415),
        ("application/strategic-merge-patch+json", {}, 415),
    ],
)
async def test_a_patch_has_a_sort_and_options_that_go_with_it(
    cluster: Cluster, sort: str, query: dict[str, str], status: int
) -> None:
    reply = await patched(cluster, cluster.hook_body(**SPEC), sort=sort, **query)

    assert reply.status == status


async def test_a_body_above_three_mebibytes_is_not_read(cluster: Cluster) -> None:
    reply = await patched(cluster, cluster.hook_body(**SPEC, parameters={"a": "x" * 3_200_000}))

    assert (reply.status, reply.body["reason"]) == (413, "RequestEntityTooLarge")


async def test_an_object_that_the_store_does_not_take_is_an_error_without_a_reason(cluster: Cluster) -> None:
    reply = await patched(cluster, cluster.hook_body(**SPEC, parameters={"a": "x" * 1_600_000}))

    assert (reply.status, reply.body.get("reason")) == (500, None)
    assert "request is too large" in reply.body["message"]


async def test_an_absent_object_is_a_status_that_says_so(cluster: Cluster) -> None:
    access = cluster.customer.access
    path = f"/apis/hooks.plexd.io/v1alpha1/namespaces/{cluster.namespace}/plexdhooks/hook"
    found = [await access.call(method, path) for method in ("GET", "DELETE")]

    assert [(each.status, each.body["reason"]) for each in found] == [(404, "NotFound")] * 2
    assert found[0].body["message"] == 'plexdhooks.hooks.plexd.io "hook" not found'
    assert found[0].body["details"] == {"name": "hook", "group": "hooks.plexd.io", "kind": "plexdhooks"}


@pytest.mark.parametrize(
    "path",
    [
        "/apis/hooks.plexd.io/v1beta7/namespaces/{namespace}/plexdhooks/hook",
        "/apis/nobody.plexd.io/v1alpha1/namespaces/{namespace}/plexdhooks/hook",
        "/apis/hooks.plexd.io/v1alpha1/namespaces/{namespace}/nothings/hook",
    ],
)
async def test_a_resource_that_is_not_served_is_no_status_at_all(cluster: Cluster, path: str) -> None:
    reply = await cluster.customer.access.call("GET", path.format(namespace=cluster.namespace))

    assert (reply.status, reply.body) == (404, {"text": "404 page not found\n"})


async def test_in_an_absent_namespace_an_apply_misses_the_namespace_and_a_read_the_object(
    cluster: Cluster,
) -> None:
    access = cluster.customer.access
    path = "/apis/hooks.plexd.io/v1alpha1/namespaces/nobodys/plexdhooks/hook"
    body = {**cluster.hook_body(**SPEC), "metadata": {"name": "hook", "namespace": "nobodys"}}
    applied = await access.call("PATCH", path, body=body, query={"fieldManager": "us"}, sort=APPLY)
    read = await access.call("GET", path)

    assert (applied.status, applied.body["details"]["kind"]) == (404, "namespaces")
    assert (read.status, read.body["details"]["kind"]) == (404, "plexdhooks")


async def test_an_encoded_slash_parts_the_path(cluster: Cluster) -> None:
    await cluster.customer.apply("us", cluster.hook_body(**SPEC))
    await cluster.customer.report_status("agent", "hook", {"seen": True})
    reply = await patched(cluster, {"status": {"seen": 2}}, "hook%2Fstatus", "application/merge-patch+json")

    assert reply.body.get("status") == {"seen": 2}


async def test_a_post_of_what_is_there_says_so(cluster: Cluster) -> None:
    first = await cluster.customer.create("cli", cluster.hook_body(**SPEC))
    again = await cluster.customer.create("cli", cluster.hook_body(**SPEC))

    assert first.status == 201
    assert (again.status, again.body["reason"]) == (409, "AlreadyExists")
