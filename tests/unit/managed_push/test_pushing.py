"""Pushing a hook: what is captured, applied and recorded, in that order."""

import asyncio
from typing import Any, Final

import pytest

from plexsphere.managed_push.domain.errors import (
    ClusterConflict,
    ClusterUnreachable,
    Disabled,
    DomainNotFound,
    NotConfigured,
    OutcomeUnsure,
    SpecInvalid,
    StaleCapture,
    WriteRefused,
)
from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.object_store import Wish
from tests.support.managed_push import AUTHOR, DIGEST, DOMAIN, OTHER_DOMAIN
from tests.support.memory_cluster import Event
from tests.support.pushes import DRAFT, KEY, KUBECONFIG, PushScene, pushing

OTHER_DIGEST: Final = "sha256:" + "1" * 64
FOREIGN: Final[dict[str, Any]] = {"spec": {"name": "backup", "imageDigest": DIGEST}}


async def test_a_push_that_lands_is_recorded_and_audited_and_leaves_nothing_open() -> None:
    scene = await pushing()

    record = await scene.push()

    there = scene.there()
    assert there is not None
    assert there["spec"]["imageDigest"] == DIGEST
    assert record.object_uid == there["metadata"]["uid"]
    assert not record.had_prior_state
    assert await scene.get_push(DOMAIN, record.id) == record
    assert scene.trail.relations() == ["managed_push.attach", "managed_push.push"]
    assert scene.trail.entries[-1].caveat_context == {"push": str(record.id)}
    assert scene.open_intents() == []


async def test_what_was_there_is_captured_byte_for_byte() -> None:
    scene = await pushing()
    scene.applied_by("gitops", **FOREIGN)
    before = scene.there()

    record = await scene.push()

    assert record.prior_state is not None
    assert record.prior_state.content == before


async def test_the_gates_come_before_the_spec() -> None:
    """C33."""
    scene = PushScene()
    with pytest.raises(NotConfigured):
        await scene.push(image_digest="junk")

    await scene.attached(enabled=False)
    with pytest.raises(Disabled):
        await scene.push(image_digest="junk")

    await scene.attached()
    with pytest.raises(SpecInvalid):
        await scene.push(image_digest="junk")
    assert scene.cluster.requests == []


async def test_another_manager_keeps_his_fields() -> None:
    """M26."""
    scene = await pushing()
    scene.applied_by("gitops", spec={"name": "backup", "imageDigest": OTHER_DIGEST})
    before = scene.there()

    with pytest.raises(ClusterConflict):
        await scene.push()

    assert scene.there() == before
    assert scene.open_intents() == []


async def test_an_object_that_changes_between_capture_and_apply_is_captured_anew() -> None:
    scene = await pushing()
    scene.applied_by("gitops", **FOREIGN)
    scene.cluster.events = [
        Event("apply", before=lambda: scene.applied_by("other", metadata={"labels": {"team": "a"}}))
    ]

    record = await scene.push()

    assert record.prior_state is not None
    assert record.prior_state.metadata["labels"] == {"team": "a"}
    assert scene.cluster.requests == ["get", "apply", "get", "apply"]


async def test_an_object_that_somebody_makes_in_between_is_never_taken_for_ours() -> None:
    scene = await pushing()
    scene.cluster.events = [Event("apply", before=lambda: scene.applied_by("gitops", **FOREIGN))]

    record = await scene.push()
    undone = await scene.roll_back(record)

    there = scene.there()
    assert record.prior_state is not None
    assert record.prior_state.content["spec"] == FOREIGN["spec"]
    assert undone.rolled_back_at is not None
    assert there is not None
    assert there["spec"] == {"name": "backup", "imageDigest": DIGEST}
    assert [entry["manager"] for entry in there["metadata"]["managedFields"]] == ["gitops"]


async def test_an_object_that_goes_between_capture_and_apply_was_not_there() -> None:
    scene = await pushing()
    scene.applied_by("gitops", **FOREIGN)
    scene.cluster.events = [
        Event("apply", before=lambda: scene.cluster.store.delete(KEY, {}, Wish("kubectl")))
    ]

    record = await scene.push()

    assert not record.had_prior_state


async def test_a_push_whose_turn_came_too_late_writes_nothing_and_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plexsphere.managed_push.application.object_turn.TOTAL_SECONDS", 2.0)
    scene = await pushing()

    with pytest.raises(ClusterUnreachable):
        await scene.push()

    assert scene.cluster.requests == ["get"]
    assert scene.open_intents() == []


async def test_a_write_whose_answer_is_lost_is_read_back_once() -> None:
    """H19."""
    scene = await pushing()
    scene.cluster.events = [Event("apply", error=OutcomeUnsure(), is_lost_after=True)]

    record = await scene.push()

    assert scene.cluster.requests == ["get", "apply", "get"]
    assert not record.had_prior_state
    assert scene.open_intents() == []


async def test_a_write_that_may_still_come_stays_in_the_journal() -> None:
    scene = await pushing()
    scene.cluster.events = [Event("apply", error=OutcomeUnsure())]

    with pytest.raises(ClusterUnreachable):
        await scene.push()

    assert len(scene.open_intents()) == 1
    assert scene.store.state.records == {}


@pytest.mark.parametrize(
    "error",
    [WriteRefused(), WriteRefused(is_invalid=True), ClusterUnreachable(), OutcomeUnsure(is_over=True)],
)
async def test_a_write_that_certainly_did_not_land_leaves_nothing_open(error: ClusterUnreachable) -> None:
    scene = await pushing()
    scene.cluster.events = [Event("apply", error=error)]

    with pytest.raises(ClusterUnreachable):
        await scene.push()

    assert scene.open_intents() == []
    assert scene.there() is None


async def test_a_cluster_that_cannot_be_read_is_written_nothing() -> None:
    scene = await pushing()
    scene.cluster.events = [Event("get", error=ClusterUnreachable())]

    with pytest.raises(ClusterUnreachable):
        await scene.push()

    assert scene.cluster.requests == ["get"]
    assert scene.open_intents() == []


async def test_an_object_that_never_stands_still_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plexsphere.managed_push.application.object_turn.TOTAL_SECONDS", 3.0)
    scene = await pushing()
    scene.cluster.events = [Event("apply", error=StaleCapture()) for _ in range(10_000)]

    with pytest.raises(ClusterUnreachable):
        await scene.push()

    assert len(scene.cluster.requests) < 100
    assert scene.open_intents() == []


async def test_pushes_of_one_object_take_turns_and_see_each_other() -> None:
    scene = await pushing()

    one, other = await asyncio.gather(scene.push(), scene.push(parameters={"mode": "quick"}))

    [first, second] = sorted([one, other], key=lambda record: record.had_prior_state)
    assert not first.had_prior_state
    assert second.prior_state is not None
    assert second.prior_state.is_as_pushed(first.request)


async def test_a_domain_that_goes_during_a_push_has_it_undone() -> None:
    scene = await pushing()
    scene.cluster.events = [Event("apply", before=lambda: scene.store.state.forget(DOMAIN))]

    with pytest.raises(DomainNotFound):
        await scene.push()

    assert scene.there() is None
    assert scene.store.state.records == {}


async def test_a_push_that_lands_although_somebody_gave_it_up_is_recorded() -> None:
    scene = await pushing()
    scene.cluster.events = [Event("apply", before=scene.store.state.intents.clear)]

    record = await scene.push()

    assert await scene.get_push(DOMAIN, record.id) == record


async def test_a_push_uses_the_credential_that_it_began_with() -> None:
    """M25."""
    scene = await pushing()
    fingerprint = scene.store.state.targets[DOMAIN].kubeconfig_sha256

    def attach_another() -> None:
        target = scene.store.state.targets[DOMAIN]
        scene.store.state.targets[DOMAIN] = type(target)(
            DOMAIN,
            target.kubeconfig_ciphertext,
            "f" * 64,
            "https://other",
            True,
            target.created_at,
            target.updated_at,
        )

    scene.cluster.events = [Event("apply", before=attach_another)]

    record = await scene.push()

    assert (record.kubeconfig_sha256, record.api_server_url) == (fingerprint, KUBECONFIG.reveal().decode())


async def test_a_rehearsal_writes_nothing_and_is_audited_as_one() -> None:
    scene = await pushing()

    record = await scene.rehearse_push(DOMAIN, DRAFT, AUTHOR)

    assert scene.there() is None
    assert not record.had_prior_state
    assert scene.store.state.records == {}
    assert scene.open_intents() == []
    assert scene.trail.entries[-1].caveat_context == {"dry_run": 1}


async def test_a_rehearsal_meets_the_conflict_that_the_push_would() -> None:
    scene = await pushing()
    scene.applied_by("gitops", spec={"name": "backup", "imageDigest": OTHER_DIGEST})

    with pytest.raises(ClusterConflict):
        await scene.rehearse_push(DOMAIN, DRAFT, AUTHOR)


async def test_another_domain_has_no_part_in_it() -> None:
    """C08."""
    scene = await pushing()
    await scene.push()

    with pytest.raises(NotConfigured):
        await scene.push(OTHER_DOMAIN)

    assert scene.cluster.store.objects.keys() == {KEY}


async def test_a_push_that_only_adds_to_the_last_one_and_did_not_land_is_not_said_to_have() -> None:
    """C30."""
    scene = await pushing()
    await scene.push(parameters={"a": "1"})
    scene.cluster.events = [Event("apply", error=OutcomeUnsure(is_over=True))]

    with pytest.raises(ClusterUnreachable):
        await scene.push(parameters={"a": "1", "b": "2"})

    assert len(scene.store.state.records) == 1


async def test_a_gate_that_closes_while_a_push_waits_for_its_turn_stays_closed() -> None:
    scene = await pushing()
    entered, may_go = asyncio.Event(), asyncio.Event()
    scene.cluster.pauses = [(entered, may_go)]

    first = asyncio.create_task(scene.push())
    await entered.wait()
    second = asyncio.create_task(scene.push(timeout_seconds=5))
    await asyncio.sleep(0.01)
    await scene.attached(enabled=False)
    may_go.set()

    await first
    with pytest.raises(Disabled):
        await second
    assert len(scene.store.state.records) == 1
    assert scene.open_intents() == []


async def test_what_is_left_of_a_cluster_that_is_gone_is_in_no_other_clusters_way() -> None:
    scene = await pushing()
    scene.cluster.events = [Event("apply", error=OutcomeUnsure())]
    with pytest.raises(ClusterUnreachable):
        await scene.push()
    await scene.attach_target(DOMAIN, Secret(b"https://other.example"), AUTHOR, enabled=True)

    record = await scene.push()

    assert record.api_server_url == "https://other.example"
    assert len(scene.open_intents()) == 1
