"""Rolling a push back: once, exactly, and never into what is another's."""

import asyncio
from typing import Any, Final

import pytest

from plexsphere.managed_push.domain.cluster_object import FIELD_MANAGER
from plexsphere.managed_push.domain.errors import (
    AlreadyRolledBack,
    ClusterConflict,
    ClusterUnreachable,
    NotConfigured,
    OutcomeUnsure,
    PushNotFound,
)
from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.object_store import Wish
from tests.support.managed_push import AUTHOR, DIGEST, DOMAIN, OTHER_DOMAIN, a_record
from tests.support.memory_cluster import Event
from tests.support.pushes import KEY, PushScene, pushing

FOREIGN: Final[dict[str, Any]] = {"spec": {"name": "backup", "imageDigest": DIGEST}}


def told(scene: PushScene) -> Any:
    """Return what lies in the cluster, without what every write moves."""
    there = scene.there()
    if there is None:
        return None
    moving = ("resourceVersion", "generation", "managedFields")
    metadata = {name: value for name, value in there["metadata"].items() if name not in moving}
    owners = {
        (entry["manager"], entry["operation"]): entry["fieldsV1"]
        for entry in there["metadata"]["managedFields"]
    }
    return {**there, "metadata": metadata}, owners


async def test_what_a_push_created_is_deleted() -> None:
    scene = await pushing()
    record = await scene.push()

    undone = await scene.roll_back(record)

    assert scene.there() is None
    assert undone.rolled_back_at == scene.clock.now()
    assert scene.trail.relations()[-1] == "managed_push.rollback"
    assert scene.open_intents() == []


async def test_values_and_ownership_are_those_of_the_capture() -> None:
    """M24."""
    scene = await pushing()
    scene.applied_by("gitops", **FOREIGN, metadata={"labels": {"team": "a"}})
    before = told(scene)

    await scene.roll_back(await scene.push())

    assert told(scene) == before


async def test_a_push_over_a_push_goes_back_to_the_first() -> None:
    scene = await pushing()
    await scene.push()
    before = told(scene)

    await scene.roll_back(await scene.push(parameters={"depth": "3"}, timeout_seconds=5))

    assert told(scene) == before


async def test_a_disabled_domain_may_still_roll_back() -> None:
    """C33."""
    scene = await pushing()
    record = await scene.push()
    await scene.attached(enabled=False)

    await scene.roll_back(record)

    assert scene.there() is None


async def test_it_happens_once() -> None:
    scene = await pushing()
    record = await scene.push()
    await scene.roll_back(record)
    asked = len(scene.cluster.requests)

    with pytest.raises(AlreadyRolledBack):
        await scene.roll_back(record)

    assert len(scene.cluster.requests) == asked


async def test_of_sixteen_who_roll_back_at_once_one_does() -> None:
    """C31."""
    scene = await pushing()
    record = await scene.push()
    scene.cluster.writes.clear()

    answers = await asyncio.gather(*(scene.roll_back(record) for _ in range(16)), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyRolledBack"] * 15 + ["Record"]
    assert scene.cluster.writes == ["delete"]


async def test_the_checks_come_in_their_order() -> None:
    scene = await pushing()
    record = await scene.push()
    with pytest.raises(PushNotFound):
        await scene.roll_back(a_record(999))
    with pytest.raises(PushNotFound):
        await scene.roll_back_push(OTHER_DOMAIN, record.id, AUTHOR)

    await scene.detach_target(DOMAIN, AUTHOR)
    with pytest.raises(NotConfigured):
        await scene.roll_back(record)

    await scene.attached()
    await scene.roll_back(record)
    await scene.detach_target(DOMAIN, AUTHOR)
    with pytest.raises(AlreadyRolledBack):
        await scene.roll_back(record)


async def test_an_older_push_waits_until_the_newer_one_is_rolled_back() -> None:
    """M22."""
    scene = await pushing()
    older = await scene.push()
    newer = await scene.push(timeout_seconds=5)

    with pytest.raises(ClusterConflict):
        await scene.roll_back(older)

    await scene.roll_back(newer)
    await scene.roll_back(older)
    assert scene.there() is None


async def test_a_newer_push_that_says_the_same_is_a_newer_push() -> None:
    """M22."""
    scene = await pushing()
    older = await scene.push()
    await scene.push()

    with pytest.raises(ClusterConflict):
        await scene.roll_back(older)

    assert scene.there() is not None


async def test_an_object_that_is_gone_counts_as_restored_where_there_was_none() -> None:
    """M23."""
    scene = await pushing()
    record = await scene.push()
    scene.cluster.store.delete(KEY, {}, Wish("kubectl"))

    undone = await scene.roll_back(record)

    assert not undone.can_roll_back()
    assert scene.cluster.writes == ["apply"]


async def test_an_object_that_is_gone_is_made_anew_where_there_was_one() -> None:
    """M23."""
    scene = await pushing()
    scene.applied_by("gitops", **FOREIGN, metadata={"labels": {"team": "a"}})
    record = await scene.push()
    scene.cluster.store.delete(KEY, {}, Wish("kubectl"))

    await scene.roll_back(record)

    there = scene.there()
    assert there is not None
    assert (there["spec"], there["metadata"]["labels"]) == (FOREIGN["spec"], {"team": "a"})


async def test_an_object_that_was_replaced_is_left_alone() -> None:
    """M23."""
    scene = await pushing()
    record = await scene.push()
    scene.cluster.store.delete(KEY, {}, Wish("kubectl"))
    scene.applied_by("gitops", **FOREIGN)
    before = scene.there()

    with pytest.raises(ClusterConflict):
        await scene.roll_back(record)

    assert scene.there() == before
    assert (await scene.get_push(DOMAIN, record.id)).can_roll_back()


async def test_an_object_that_is_replaced_in_that_very_moment_is_left_alone() -> None:
    """M23."""
    scene = await pushing()
    record = await scene.push()

    def replace() -> None:
        scene.cluster.store.delete(KEY, {}, Wish("kubectl"))
        scene.applied_by("gitops", **FOREIGN)

    scene.cluster.events = [Event("delete", before=replace)]

    with pytest.raises(ClusterConflict):
        await scene.roll_back(record)

    assert scene.there() is not None


async def test_an_object_that_goes_in_that_very_moment_is_gone() -> None:
    scene = await pushing()
    record = await scene.push()
    scene.cluster.events = [
        Event("delete", before=lambda: scene.cluster.store.delete(KEY, {}, Wish("kubectl")))
    ]

    undone = await scene.roll_back(record)

    assert not undone.can_roll_back()


async def test_a_field_that_another_manager_took_by_force_is_his() -> None:
    scene = await pushing()
    await scene.push(timeout_seconds=5)
    record = await scene.push(timeout_seconds=6)
    scene.applied_by(
        "gitops", spec={"name": "backup", "imageDigest": DIGEST, "timeoutSeconds": 7}, force=True
    )
    before = scene.there()

    with pytest.raises(ClusterConflict):
        await scene.roll_back(record)

    assert scene.there() == before


async def test_what_others_gave_up_meanwhile_and_the_schema_needs_is_restored_with_the_rest() -> None:
    scene = await pushing()
    scene.applied_by("gitops", **FOREIGN)
    record = await scene.push()
    # Gitops lets go of everything: only the push still holds what the schema requires.
    scene.applied_by("gitops")

    await scene.roll_back(record)

    there = scene.there()
    assert there is not None
    assert there["spec"] == FOREIGN["spec"]


async def test_somebody_else_under_our_name_is_noticed() -> None:
    scene = await pushing()
    record = await scene.push()
    scene.applied_by(FIELD_MANAGER, spec={"name": "backup", "imageDigest": DIGEST, "timeoutSeconds": 77})

    with pytest.raises(ClusterConflict):
        await scene.roll_back(record)


async def test_another_cluster_is_not_written_to() -> None:
    scene = await pushing()
    record = await scene.push()
    await scene.attach_target(DOMAIN, Secret(b"https://elsewhere.example"), AUTHOR, enabled=True)
    asked = len(scene.cluster.requests)

    with pytest.raises(ClusterConflict):
        await scene.roll_back(record)

    assert len(scene.cluster.requests) == asked


async def test_what_a_customer_writes_into_his_status_is_nobodys_business() -> None:
    scene = await pushing()
    record = await scene.push()
    scene.cluster.store.merge_patch_status(KEY, {"status": {"phase": "Ready"}}, Wish("controller"))

    await scene.roll_back(record)

    assert scene.there() is None


@pytest.mark.parametrize("kind", ["delete", "apply"])
async def test_an_answer_that_is_lost_is_read_back_once(kind: str) -> None:
    """C32."""
    scene = await pushing()
    if kind == "apply":
        scene.applied_by("gitops", **FOREIGN)
    record = await scene.push()
    scene.cluster.events = [Event(kind, error=OutcomeUnsure(), is_lost_after=True)]

    undone = await scene.roll_back(record)

    assert not undone.can_roll_back()
    assert scene.open_intents() == []


async def test_a_rollback_that_did_not_land_leaves_the_push_applied_and_can_be_tried_again() -> None:
    """C32."""
    scene = await pushing()
    record = await scene.push()
    scene.cluster.events = [Event("delete", error=OutcomeUnsure(is_over=True))]

    with pytest.raises(ClusterUnreachable):
        await scene.roll_back(record)

    kept = await scene.get_push(DOMAIN, record.id)
    assert (kept.can_roll_back(), kept.rolled_back_at) == (True, None)
    assert not (await scene.roll_back(record)).can_roll_back()


async def test_the_finalizer_of_another_holds_the_object_and_the_rollback_is_done() -> None:
    scene = await pushing()
    record = await scene.push()
    scene.applied_by("controller", metadata={"finalizers": ["example.com/hold"]})

    undone = await scene.roll_back(record)

    there = scene.there()
    assert not undone.can_roll_back()
    assert there is not None
    assert "deletionTimestamp" in there["metadata"]


async def test_the_same_cluster_under_another_spelling_is_the_same() -> None:
    scene = await pushing()
    record = await scene.push()
    await scene.attach_target(DOMAIN, Secret(b"https://CLUSTER.example:6443/"), AUTHOR, enabled=True)

    assert not (await scene.roll_back(record)).can_roll_back()


async def test_a_rollback_of_what_others_gave_up_is_known_by_what_it_leaves() -> None:
    """C32."""
    scene = await pushing()
    scene.applied_by("gitops", **FOREIGN)
    record = await scene.push()
    scene.applied_by("gitops")
    scene.cluster.events = [
        Event("apply"),
        Event("apply", error=OutcomeUnsure(), is_lost_after=True),
    ]

    undone = await scene.roll_back(record)

    assert not undone.can_roll_back()
