"""What may stand in a body that is applied again, what that leads to, and how objects go away, as it was measured."""

from typing import Any, Final

import pytest

from tests.support.cluster import A_DIGEST, ANOTHER_DIGEST, Cluster
from tests.support.kubeconfigs import Json

pytestmark = pytest.mark.kube

SPEC: Final[Json] = {"name": "hook", "imageDigest": A_DIGEST}
US, GITOPS = "us", "gitops"
FOREIGN_UID: Final = "00000000-0000-4000-8000-000000000001"


async def there(cluster: Cluster, manager: str = US, **spec: Any) -> Json:
    """Have an object that a manager applied, and return it."""
    reply = await cluster.customer.apply(manager, cluster.hook_body(**{**SPEC, **spec}))
    assert reply.status in (200, 201), reply
    return reply.body


@pytest.mark.parametrize(
    ("name", "value", "status", "reason"),
    [
        ("managedFields", [], 400, "BadRequest"),
        ("managedFields", None, 200, None),
        ("resourceVersion", "1", 409, "Conflict"),
        ("resourceVersion", "0", 422, "Invalid"),
        ("resourceVersion", "junk", 500, None),
        ("uid", FOREIGN_UID, 422, "Invalid"),
        ("deletionTimestamp", "2026-01-01T00:00:00Z", 422, "Invalid"),
        ("creationTimestamp", "2020-01-01T00:00:00Z", 200, None),
        ("generation", 77, 200, None),
        ("selfLink", "/x", 200, None),
    ],
)
async def test_of_what_the_server_says_a_body_may_repeat_only_some(
    cluster: Cluster, name: str, value: Any, status: int, reason: str | None
) -> None:
    before = await there(cluster)
    body = cluster.hook_body(**SPEC)
    body["metadata"][name] = value
    reply = await cluster.customer.apply(US, body)

    assert (reply.status, reply.body.get("reason")) == (status, reason)
    assert await cluster.customer.there("hook") == before


async def test_the_objects_own_uid_is_taken_and_guards_it(cluster: Cluster) -> None:
    body = cluster.hook_body(**SPEC)
    body["metadata"]["uid"] = (await there(cluster))["metadata"]["uid"]
    while_there = await cluster.customer.apply(US, body)
    await cluster.customer.delete("hook")
    once_gone = await cluster.customer.apply(US, body)

    assert while_there.status == 200
    assert (once_gone.status, once_gone.body["reason"], once_gone.causes) == (409, "Conflict", [])
    assert "uid mismatch" in once_gone.body["message"]
    assert await cluster.customer.get("hook") is None


async def test_what_is_applied_after_a_delete_is_another_object(cluster: Cluster) -> None:
    before = await there(cluster)
    await cluster.customer.delete("hook")
    after = await there(cluster)

    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["metadata"]["generation"] == 1


async def test_deleted_and_made_anew_by_others_it_conflicts_by_values_and_then_by_uid(
    cluster: Cluster,
) -> None:
    uid = (await there(cluster))["metadata"]["uid"]
    await cluster.customer.delete("hook")
    await there(cluster, GITOPS)
    replies = []
    for digest in (ANOTHER_DIGEST, A_DIGEST):
        body = cluster.hook_body(name="hook", imageDigest=digest)
        body["metadata"]["uid"] = uid
        replies.append(await cluster.customer.apply(US, body))

    assert [reply.status for reply in replies] == [409, 422]
    assert replies[0].conflicting_fields == [".spec.imageDigest"]


async def test_an_apply_of_names_alone_lets_go_of_everything_and_what_others_own_stays(
    cluster: Cluster,
) -> None:
    await there(cluster, GITOPS, parameters={"a": "1"})
    prior = await cluster.customer.there("hook")
    await there(cluster, US, parameters={"a": "1", "b": "2"}, timeoutSeconds=9)
    reply = await cluster.customer.apply(US, cluster.hook_body())

    assert reply.status == 200
    assert reply.body["spec"] == prior["spec"]
    assert reply.body["metadata"]["managedFields"] == prior["metadata"]["managedFields"]


async def test_to_let_go_of_what_nobody_else_owns_and_the_schema_demands_is_invalid(cluster: Cluster) -> None:
    before = await there(cluster)
    reply = await cluster.customer.apply(US, cluster.hook_body(name="hook"))

    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert [each["field"] for each in reply.causes] == ["spec.imageDigest"]
    assert await cluster.customer.there("hook") == before


async def test_reapplying_everything_stripped_makes_a_co_owner_who_is_in_the_way_later(
    cluster: Cluster,
) -> None:
    prior = await there(cluster, GITOPS)
    await cluster.customer.apply(US, cluster.hook_body(**prior["spec"]))
    reply = await cluster.customer.apply(GITOPS, cluster.hook_body(name="hook", imageDigest=ANOTHER_DIGEST))

    assert reply.conflicting_fields == [".spec.imageDigest"]


async def test_what_others_added_since_stays(cluster: Cluster) -> None:
    await there(cluster)
    await cluster.customer.merge_patch("cli", "hook", {"metadata": {"labels": {"l": "1"}}})
    after = await there(cluster, timeoutSeconds=3)

    assert after["metadata"]["labels"] == {"l": "1"}


@pytest.mark.parametrize(("name", "value"), [("uid", FOREIGN_UID), ("resourceVersion", "1")])
async def test_a_delete_with_a_wrong_precondition_is_a_conflict(
    cluster: Cluster, name: str, value: str
) -> None:
    await there(cluster)
    reply = await cluster.customer.delete("hook", **{name: value})

    assert (reply.status, reply.body["reason"], reply.conflicting_fields) == (409, "Conflict", [])
    assert await cluster.customer.get("hook") is not None


async def test_a_delete_tells_the_uid_of_what_is_gone(cluster: Cluster) -> None:
    metadata = (await there(cluster))["metadata"]
    reply = await cluster.customer.delete(
        "hook", uid=metadata["uid"], resourceVersion=metadata["resourceVersion"]
    )

    assert (reply.status, reply.body["kind"], reply.body["status"]) == (200, "Status", "Success")
    assert reply.body["details"]["uid"] == metadata["uid"]
    assert await cluster.customer.get("hook") is None


async def test_a_delete_takes_what_others_own_with_it(cluster: Cluster) -> None:
    await there(cluster)
    await there(cluster, GITOPS)

    assert (await cluster.customer.delete("hook")).status == 200


async def test_a_finalizer_holds_a_deleted_object_which_may_still_be_applied_to(cluster: Cluster) -> None:
    body = cluster.hook_body(**SPEC)
    body["metadata"]["finalizers"] = ["plexd.io/keep"]
    await cluster.customer.apply(GITOPS, body)
    deleted = await cluster.customer.delete("hook")
    held = await there(cluster, US, timeoutSeconds=3)
    released = await cluster.customer.merge_patch("cli", "hook", {"metadata": {"finalizers": None}})

    assert (deleted.status, deleted.body["kind"]) == (200, "PlexdHook")
    assert deleted.body["metadata"]["deletionTimestamp"] == held["metadata"]["deletionTimestamp"]
    assert held["spec"]["timeoutSeconds"] == 3
    assert released.status == 200
    assert await cluster.customer.get("hook") is None
