"""Writes whose writer is gone: the trail and the cluster agree again."""

from typing import Any, Final

import pytest

from plexsphere.managed_push.application.deadline import LEASE
from plexsphere.managed_push.domain.errors import ClusterUnreachable, NotConfigured, OutcomeUnsure
from plexsphere.managed_push.domain.record import Record
from plexsphere.platform.kernel.secret import Secret
from tests.support.managed_push import AUTHOR, DIGEST, DOMAIN
from tests.support.memory_cluster import Event
from tests.support.pushes import PushScene, pushing

FOREIGN: Final[dict[str, Any]] = {"spec": {"name": "backup", "imageDigest": DIGEST}}


class Killed(BaseException):
    """The process is gone: nothing after this line is done."""


async def killed_while_pushing(scene: PushScene, *, kind: str = "apply", has_landed: bool = True) -> None:
    """Push, and die at a request of this kind: behind it, or right before."""
    scene.cluster.events = [Event(kind, error=OutcomeUnsure(), is_lost_after=has_landed)]
    scene.cluster.events += [Event("get", before=_die)]
    if kind == "apply":
        scene.cluster.events.insert(0, Event("get"))
    with pytest.raises(Killed):
        await scene.push()


def _die() -> None:
    raise Killed


async def past_the_lease(scene: PushScene) -> int:
    """Let the lease run out, and sweep."""
    scene.clock.advance(LEASE.total_seconds() + 1)
    return await scene.sweep.sweep()


def only_record(scene: PushScene) -> Record:
    """Return the only record of the trail."""
    [record] = scene.store.state.records.values()
    return record


@pytest.mark.parametrize("had_prior_state", [False, True])
async def test_a_push_that_landed_is_recorded(had_prior_state: bool) -> None:
    """C30."""
    scene = await pushing()
    if had_prior_state:
        scene.applied_by("gitops", **FOREIGN)
    before = scene.there()
    await killed_while_pushing(scene)

    assert await past_the_lease(scene) == 1

    record = only_record(scene)
    assert record.had_prior_state == had_prior_state
    assert record.prior_state is None or record.prior_state.content == before
    assert scene.trail.relations()[-1] == "managed_push.push"
    assert scene.trail.entries[-1].subject == AUTHOR.subject
    assert scene.open_intents() == []


async def test_a_push_that_did_not_land_is_struck_out() -> None:
    """C30."""
    scene = await pushing()
    await killed_while_pushing(scene, has_landed=False)

    assert await past_the_lease(scene) == 1

    assert scene.store.state.records == {}
    assert scene.open_intents() == []


async def test_within_its_lease_a_write_is_its_writers() -> None:
    scene = await pushing()
    await killed_while_pushing(scene)

    assert await scene.sweep.sweep() == 0

    assert len(scene.open_intents()) == 1


async def test_an_object_that_another_made_in_between_is_not_taken_for_ours() -> None:
    scene = await pushing()
    scene.cluster.events = [
        Event("get"),
        Event("apply", before=lambda: scene.applied_by("gitops", **FOREIGN)),
    ]
    scene.cluster.events[1].error, scene.cluster.events[1].is_lost_after = OutcomeUnsure(), True
    scene.cluster.events += [Event("get", before=_die)]
    with pytest.raises(Killed):
        await scene.push()

    await past_the_lease(scene)
    await scene.roll_back(only_record(scene))

    there = scene.there()
    assert there is not None
    assert there["spec"] == FOREIGN["spec"]


@pytest.mark.parametrize("has_landed", [True, False])
async def test_a_rollback_whose_writer_is_gone_is_settled_by_what_the_cluster_holds(has_landed: bool) -> None:
    """C32."""
    scene = await pushing()
    record = await scene.push()
    scene.cluster.events = [
        Event("delete", error=OutcomeUnsure(), is_lost_after=has_landed),
        Event("get"),
        Event("get", before=_die),
    ]
    with pytest.raises(Killed):
        await scene.roll_back(record)

    assert await past_the_lease(scene) == 1

    assert only_record(scene).can_roll_back() != has_landed
    assert scene.open_intents() == []


async def test_a_cluster_that_does_not_answer_is_asked_again_later() -> None:
    scene = await pushing()
    await killed_while_pushing(scene)
    scene.cluster.events = [Event("get", error=ClusterUnreachable())]

    assert await past_the_lease(scene) == 0
    assert len(scene.open_intents()) == 1
    assert await past_the_lease(scene) == 1


async def test_a_write_whose_credential_does_not_open_stays_in_the_journal() -> None:
    scene = await pushing()
    await killed_while_pushing(scene)
    scene.cluster.events.clear()
    scene.store.state.targets[DOMAIN] = _broken(scene)

    assert await past_the_lease(scene) == 0

    assert len(scene.open_intents()) == 1


def _broken(scene: PushScene) -> Any:
    target = scene.store.state.targets[DOMAIN]
    return type(target)(
        DOMAIN,
        b"x" * 40,
        target.kubeconfig_sha256,
        target.api_server_url,
        True,
        target.created_at,
        target.updated_at,
    )


async def test_the_next_push_of_the_object_settles_what_is_left_of_the_last() -> None:
    scene = await pushing()
    await killed_while_pushing(scene)
    scene.clock.advance(LEASE.total_seconds() + 1)

    record = await scene.push(timeout_seconds=5)

    assert record.had_prior_state
    assert len(scene.store.state.records) == 2


async def test_detaching_settles_first_and_rollback_is_not_configured_then() -> None:
    """M25."""
    scene = await pushing()
    await killed_while_pushing(scene)
    scene.clock.advance(LEASE.total_seconds() + 1)

    await scene.detach_target(DOMAIN, AUTHOR)

    with pytest.raises(NotConfigured):
        await scene.roll_back(only_record(scene))
    with pytest.raises(NotConfigured):
        await scene.detach_target(DOMAIN, AUTHOR)


async def test_what_could_not_be_settled_waits_for_the_same_cluster_to_be_attached_again() -> None:
    scene = await pushing()
    await killed_while_pushing(scene)
    scene.cluster.events = [Event("get", error=ClusterUnreachable())]
    scene.clock.advance(LEASE.total_seconds() + 1)
    await scene.detach_target(DOMAIN, AUTHOR)

    await scene.attach_target(DOMAIN, Secret(b"https://elsewhere.example"), AUTHOR, enabled=True)
    assert await past_the_lease(scene) == 0

    await scene.attached()
    assert await past_the_lease(scene) == 1
    assert only_record(scene).can_roll_back()


async def test_detaching_settles_however_many_writes_are_left() -> None:
    """M25."""
    scene = await pushing()
    for number in range(20):
        scene.cluster.events = [Event("get"), Event("apply", error=OutcomeUnsure(), is_lost_after=True)]
        scene.cluster.events += [Event("get", before=_die)]
        with pytest.raises(Killed):
            await scene.push(name=f"hook-{number}")
    scene.clock.advance(LEASE.total_seconds() + 1)

    await scene.detach_target(DOMAIN, AUTHOR)

    assert scene.open_intents() == []
    assert len(scene.store.state.records) == 20


async def test_what_cannot_be_settled_hides_nothing_that_can() -> None:
    """M25."""
    scene = await pushing()
    for number in range(10):
        scene.cluster.events = [
            Event("get"),
            Event("apply", error=OutcomeUnsure()),
            Event("get", before=_die),
        ]
        with pytest.raises(Killed):
            await scene.push(name=f"hook-{number}")
    await scene.attach_target(DOMAIN, Secret(b"https://replacement.example"), AUTHOR, enabled=True)
    await killed_while_pushing(scene)
    scene.clock.advance(LEASE.total_seconds() + 1)

    await scene.detach_target(DOMAIN, AUTHOR)

    assert len(scene.open_intents()) == 10
    assert only_record(scene).api_server_url == "https://replacement.example"
