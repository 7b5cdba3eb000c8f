"""Server-Side Apply as it was measured, held by whatever cluster the tests talk to."""

import asyncio

import pytest

from tests.support.cluster import A_DIGEST, ANOTHER_DIGEST, Cluster
from tests.support.kubeconfigs import Json, Reply

pytestmark = pytest.mark.kube

US, GITOPS = "us", "gitops"
SPEC: Json = {"name": "hook", "imageDigest": A_DIGEST}
NAME, DIGEST = ("f:spec", "f:name"), ("f:spec", "f:imageDigest")


def parameter(name: str) -> tuple[str, ...]:
    return "f:spec", "f:parameters", f"f:{name}"


async def applied(cluster: Cluster, manager: str, **spec: object) -> Reply:
    """Apply a spec that is valid by itself, and find it taken."""
    reply = await cluster.customer.apply(manager, cluster.hook_body(**{**SPEC, **spec}))
    assert reply.status in (200, 201), reply
    return reply


async def test_an_apply_creates_what_is_absent_and_owns_what_it_said(cluster: Cluster) -> None:
    reply = await applied(cluster, US, parameters={"a": "1"})

    assert reply.status == 201
    assert reply.body["metadata"]["generation"] == 1
    assert await cluster.customer.owned_by(US, "hook") == {NAME, DIGEST, parameter("a")}


async def test_the_same_applied_again_changes_nothing(cluster: Cluster) -> None:
    first = await applied(cluster, US)
    again = await applied(cluster, US)

    assert (again.status, again.body) == (200, first.body)


async def test_what_a_manager_omits_is_removed(cluster: Cluster) -> None:
    await applied(cluster, US, parameters={"a": "1", "b": "2"}, timeoutSeconds=9)
    reply = await applied(cluster, US, parameters={"b": "2"})

    assert reply.body["spec"] == {**SPEC, "parameters": {"b": "2"}}
    assert reply.body["metadata"]["generation"] == 2


async def test_what_others_own_too_stays_when_one_omits_it(cluster: Cluster) -> None:
    await applied(cluster, GITOPS, parameters={"a": "1"})
    await applied(cluster, US, parameters={"a": "1", "b": "2"})
    reply = await applied(cluster, US)

    assert reply.body["spec"] == {**SPEC, "parameters": {"a": "1"}}


async def test_a_conflict_names_every_field_and_writes_nothing(cluster: Cluster) -> None:
    await applied(cluster, GITOPS, parameters={"a": "1"})
    before = await cluster.customer.there("hook")
    body = cluster.hook_body(name="hook", imageDigest=ANOTHER_DIGEST, parameters={"a": "2", "b": "3"})
    reply = await cluster.customer.apply(US, body)

    assert (reply.status, reply.body["kind"], reply.body["reason"]) == (409, "Status", "Conflict")
    assert reply.conflicting_fields == [".spec.imageDigest", ".spec.parameters.a"]
    assert {each["message"] for each in reply.causes} == {'conflict with "gitops"'}
    assert await cluster.customer.there("hook") == before


async def test_equal_values_are_owned_by_both(cluster: Cluster) -> None:
    await applied(cluster, GITOPS)
    reply = await applied(cluster, US)

    assert reply.status == 200
    assert await cluster.customer.owned_by(GITOPS, "hook") == await cluster.customer.owned_by(US, "hook")


async def test_fields_that_somebody_edited_conflict_as_well(cluster: Cluster) -> None:
    await applied(cluster, US)
    edit = await cluster.customer.merge_patch(
        "kubectl-edit", "hook", {"spec": {"imageDigest": ANOTHER_DIGEST}}
    )
    reply = await cluster.customer.apply(US, cluster.hook_body(**SPEC))

    assert edit.status == 200
    assert reply.status == 409
    assert [each["message"].partition(" at ")[0] for each in reply.causes] == [
        'conflict with "kubectl-edit" using hooks.plexd.io/v1alpha1'
    ]
    assert await cluster.customer.owned_by(US, "hook") == {NAME}


async def test_what_was_created_without_an_apply_is_owned_as_an_update_even_under_the_same_name(
    cluster: Cluster,
) -> None:
    created = await cluster.customer.create(US, cluster.hook_body(**SPEC))
    reply = await cluster.customer.apply(US, cluster.hook_body(name="hook", imageDigest=ANOTHER_DIGEST))

    assert created.status == 201
    assert await cluster.customer.owned_by(US, "hook", "Update") >= {NAME, DIGEST}
    assert reply.conflicting_fields == [".spec.imageDigest"]


async def test_force_takes_fields_from_others(cluster: Cluster) -> None:
    await applied(cluster, GITOPS)
    reply = await cluster.customer.apply(US, cluster.hook_body(imageDigest=ANOTHER_DIGEST), force=True)

    assert reply.status == 200
    assert await cluster.customer.owned_by(GITOPS, "hook") == {NAME}
    assert await cluster.customer.owned_by(US, "hook") == {DIGEST}


@pytest.mark.parametrize("wire", ["false", "False", "FALSE", "0"])
async def test_only_few_words_mean_that_nothing_is_forced(cluster: Cluster, wire: str) -> None:
    await applied(cluster, GITOPS)
    body = cluster.hook_body(imageDigest=ANOTHER_DIGEST)

    assert (await cluster.customer.apply(US, body, force=wire)).status == 409


@pytest.mark.parametrize("wire", ["no", "", " false", "true", "f"])
async def test_every_other_word_forces(cluster: Cluster, wire: str) -> None:
    await applied(cluster, GITOPS)
    body = cluster.hook_body(imageDigest=ANOTHER_DIGEST)

    assert (await cluster.customer.apply(US, body, force=wire)).status == 200


async def test_a_body_with_an_old_version_is_refused_and_no_conflict_of_fields(cluster: Cluster) -> None:
    first = await applied(cluster, US)
    await applied(cluster, US, timeoutSeconds=1)
    body = cluster.hook_body(**SPEC)
    body["metadata"]["resourceVersion"] = first.body["metadata"]["resourceVersion"]
    reply = await cluster.customer.apply(US, body)

    assert (reply.status, reply.body["reason"], reply.causes) == (409, "Conflict", [])
    assert "the object has been modified" in reply.body["message"]


async def test_a_version_is_ignored_where_there_is_no_object(cluster: Cluster) -> None:
    body = cluster.hook_body(**SPEC)
    body["metadata"]["resourceVersion"] = "1"

    assert (await cluster.customer.apply(US, body)).status == 201


async def test_of_many_applies_with_one_version_one_succeeds(cluster: Cluster) -> None:
    first = await applied(cluster, US)
    bodies = [cluster.hook_body(**SPEC, timeoutSeconds=number) for number in range(1, 11)]
    for body in bodies:
        body["metadata"]["resourceVersion"] = first.body["metadata"]["resourceVersion"]
    replies = await asyncio.gather(*(cluster.customer.apply(US, body) for body in bodies))

    assert sorted(reply.status for reply in replies) == [200] + [409] * 9


async def test_many_applies_of_one_manager_all_succeed(cluster: Cluster) -> None:
    bodies = [cluster.hook_body(**SPEC, timeoutSeconds=number) for number in range(20)]
    replies = await asyncio.gather(*(cluster.customer.apply(US, body) for body in bodies))

    assert {reply.status for reply in replies} <= {200, 201}


async def test_a_dry_run_answers_in_full_and_stores_nothing(cluster: Cluster) -> None:
    reply = await cluster.customer.apply(US, cluster.hook_body(**SPEC), dryRun="All")

    assert reply.status == 201
    assert reply.body["metadata"]["uid"]
    assert "resourceVersion" not in reply.body["metadata"]
    assert await cluster.customer.get("hook") is None


async def test_a_dry_run_tells_conflicts(cluster: Cluster) -> None:
    await applied(cluster, GITOPS)
    reply = await cluster.customer.apply(US, cluster.hook_body(imageDigest=ANOTHER_DIGEST), dryRun="All")

    assert reply.conflicting_fields == [".spec.imageDigest"]


async def test_writing_the_status_or_a_label_moves_the_version_and_not_the_generation(
    cluster: Cluster,
) -> None:
    first = (await applied(cluster, US)).body["metadata"]
    status = (await cluster.customer.report_status("agent", "hook", {"seen": True})).body["metadata"]
    label = await cluster.customer.merge_patch("cli", "hook", {"metadata": {"labels": {"a": "b"}}})

    versions = {each["resourceVersion"] for each in (first, status, label.body["metadata"])}
    assert len(versions) == 3
    assert first["generation"] == status["generation"] == label.body["metadata"]["generation"]


async def test_a_status_in_an_applied_body_is_ignored(cluster: Cluster) -> None:
    await applied(cluster, US)
    await cluster.customer.report_status("agent", "hook", {"seen": True})
    reply = await cluster.customer.apply(US, {**cluster.hook_body(**SPEC), "status": {"seen": False}})

    assert reply.body["status"] == {"seen": True}
    assert await cluster.customer.owned_by(US, "hook") == {NAME, DIGEST}


async def test_labels_annotations_and_finalizers_are_owned_and_go_when_omitted(cluster: Cluster) -> None:
    body = cluster.hook_body(**SPEC)
    body["metadata"] |= {"labels": {"l": "1"}, "annotations": {"a": "1"}, "finalizers": ["plexd.io/keep"]}
    await cluster.customer.apply(US, body)
    owned = await cluster.customer.owned_by(US, "hook")
    reply = await applied(cluster, US)

    assert owned - {NAME, DIGEST} == {
        ("f:metadata", "f:labels", "f:l"),
        ("f:metadata", "f:annotations", "f:a"),
        ("f:metadata", "f:finalizers", 'v:"plexd.io/keep"'),
    }
    assert not {"labels", "annotations", "finalizers"} & reply.body["metadata"].keys()
