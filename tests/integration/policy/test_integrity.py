"""Baselines, violations and what becomes of them (design D30)."""

import asyncio
import logging
from contextlib import suppress
from contextvars import Context
from typing import Any

import pytest

from plexsphere.platform.kernel.ids import ViolationId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.integrity.judged_releases import PostgresJudgedReleases
from plexsphere.policy.application.integrity.report_violations import MOST_STANDING, ViolationReport
from plexsphere.policy.domain.errors import IllegalTransition, NodeNotFound, ViolationNotFound
from plexsphere.policy.domain.hooks.sandbox import Sandbox
from plexsphere.policy.domain.integrity.binary import PLEXD
from plexsphere.policy.domain.integrity.examination import MOST_BASELINES
from plexsphere.policy.domain.integrity.pin import Pin
from plexsphere.policy.domain.integrity.violation import Detection, Kind, Status, Violation
from plexsphere.policy.ports.integrity.binaries import ToldChecksum
from tests.support.authorization import apart, opened
from tests.support.hooks import (
    DOMAIN,
    FOREIGN,
    ONE,
    OTHERS,
    RELEASE,
    TWO,
    HookScene,
    a_crd,
    a_hook,
    digest,
    home,
    node,
    said,
)

pytestmark = pytest.mark.postgres

WHY = "seen and meant"
FILL = """
INSERT INTO hook_baselines (domain_id, node_id, hook_name, checksum, sandbox, privileged, pinned_at)
SELECT %s, %s, 'old-' || number, '', 'none', false, now() FROM generate_series(1, %s) AS number
"""
REMOVE = "UPDATE nodes SET removed_at = now() WHERE id = %s"


async def announces(scene: HookScene, *hooks: dict[str, Any], **manifest: Any) -> None:
    await scene.take(said(ONE, hooks=list(hooks), **manifest))


def report(kind: Kind, artifact: str, observed: str = "", **more: str) -> ViolationReport:
    return ViolationReport(kind, artifact, Detection.INOTIFY, observed=observed, **more)


async def the_open_one(scene: HookScene) -> Violation:
    [violation] = await scene.listed(status=Status.OPEN)
    return violation


async def acknowledged(scene: HookScene) -> Violation:
    return await scene.acknowledge((await the_open_one(scene)).id, "user:1", WHY)


async def test_the_first_digest_is_the_baseline_and_another_one_is_a_violation(scene: HookScene) -> None:
    """M15: a hook is held to what was seen of it first."""
    await announces(scene, a_hook(), a_hook("other"))
    first = await scene.drifted(ONE), await scene.listed()
    await announces(scene, a_hook(checksum=digest(2)), a_hook("other"))

    assert first == (False, [])
    assert (await scene.drifted(ONE), await scene.drifted(ONE, "other")) == (True, False)
    found = (await the_open_one(scene)).finding
    assert (found.kind, found.artifact_id, found.detected_by) == (Kind.HOOK, "backup", Detection.CAPABILITIES)
    assert (found.expected, found.observed, found.detail) == (digest(1), digest(2), "")


async def test_both_spellings_of_a_digest_are_the_same_and_an_untold_one_is_not(scene: HookScene) -> None:
    await announces(scene, a_hook(checksum=digest(1).removeprefix("sha256:")))
    await announces(scene, a_hook(checksum=digest(1)))
    same = await scene.drifted(ONE)
    await announces(scene, a_hook(checksum=""))

    assert same is False
    assert await scene.drifted(ONE) is True


async def test_the_first_digest_counts_even_when_it_comes_late(scene: HookScene) -> None:
    await announces(scene, a_hook(checksum=""))
    await announces(scene, a_hook(checksum=digest(1)))
    later = await scene.drifted(ONE)
    await announces(scene, a_hook(checksum=digest(2)))

    assert later is False
    assert await scene.drifted(ONE) is True


async def test_a_baseline_survives_the_removal_of_its_hook(scene: HookScene) -> None:
    """M15: taking a hook away and bringing another one under its name pins nothing anew."""
    await announces(scene, a_hook())
    await announces(scene)
    gone = await scene.drifted(ONE)
    await announces(scene, a_hook(checksum=digest(2)))

    assert gone is None
    assert await scene.drifted(ONE) is True


async def test_returning_to_the_baseline_does_not_settle_a_violation(scene: HookScene) -> None:
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2)))
    await announces(scene, a_hook())

    assert await scene.drifted(ONE) is True


async def test_the_nodes_of_a_hook_have_a_baseline_each(scene: HookScene) -> None:
    await scene.take(said(ONE, hooks=[a_hook()]))
    await scene.take(said(TWO, hooks=[a_hook(checksum=digest(2))]))

    assert await scene.listed() == []


async def test_one_name_cannot_hide_a_second_digest(scene: HookScene) -> None:
    """M15: of two entries of a name both are held to the baseline."""
    await announces(scene, a_hook(), a_hook(checksum=digest(2)))
    blocked = await scene.drifted(ONE)
    violation = await acknowledged(scene)

    assert (blocked, violation.finding.observed) == (None, digest(2))
    assert await scene.drifted(ONE) is None


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        (a_hook(sandbox="container"), a_hook(sandbox="namespaced"), "sandbox container became namespaced"),
        (a_hook(sandbox="namespaced"), a_hook(sandbox="none"), "sandbox namespaced became none"),
        (a_hook(sandbox="namespaced"), a_hook(sandbox=""), "sandbox namespaced became none"),
        (a_crd("backup"), a_crd("backup", privileged=True), "privileged became true"),
        (
            a_crd("backup"),
            a_hook(sandbox="none", privileged=True),
            "sandbox container became none; privileged became true",
        ),
    ],
)
async def test_a_hook_that_may_touch_more_than_before_is_a_violation(
    scene: HookScene, before: dict[str, Any], after: dict[str, Any], detail: str
) -> None:
    """M16: the digest is the same, and yet it is not what was pinned."""
    await announces(scene, before)
    await announces(scene, after)

    assert await scene.drifted(ONE) is True
    assert (await the_open_one(scene)).finding.detail == detail


async def test_a_hook_that_may_touch_less_is_none_and_pins_nothing_anew(scene: HookScene) -> None:
    """M16: what was allowed once stays allowed."""
    await announces(scene, a_hook(sandbox="none", privileged=True))
    await announces(scene, a_hook(sandbox="container"))
    await announces(scene, a_hook(sandbox="none", privileged=True))

    assert await scene.listed() == []


async def test_repeats_do_not_pile_up(scene: HookScene) -> None:
    await announces(scene, a_hook())
    for number in (2, 3, 2):
        await announces(scene, a_hook(checksum=digest(number)))
        await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(4))] * 2)

    assert len(await scene.listed()) == 1
    assert (await the_open_one(scene)).finding.observed == digest(4)
    assert scene.alerts.counts == {"hook": 2}


async def test_what_an_agent_observes_behind_an_open_violation_takes_its_place(scene: HookScene) -> None:
    """An operator who read the one does not acknowledge the other unseen, and neither is lost."""
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2)))
    read = await the_open_one(scene)
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "hooks/backup", digest(3))])
    newer = await the_open_one(scene)

    with pytest.raises(ViolationNotFound):
        await scene.acknowledge(read.id, "user:1", WHY)
    assert (newer.id > read.id, newer.finding.observed) == (True, digest(3))
    await acknowledged(scene)
    behind = (await the_open_one(scene)).finding
    assert (behind.expected, behind.observed) == (digest(3), digest(2))
    assert await scene.drifted(ONE) is True


@pytest.mark.parametrize("again", [[digest(3)], [""], [digest(2), digest(3)], [digest(3), ""]])
async def test_what_an_agent_observed_stands_until_it_observes_something_else(
    scene: HookScene, again: list[str]
) -> None:
    """The later one of two in a report counts, and one that tells no digest shows nothing new."""
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(3))])
    read = await the_open_one(scene)
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", each) for each in again])
    await announces(scene, a_hook(checksum=digest(2)))

    assert await scene.listed() == [read]


@pytest.mark.parametrize("both", [[digest(3), ""], ["", digest(3)], [digest(2), digest(3)]])
async def test_of_two_observations_in_a_report_the_last_that_tells_a_digest_is_shown(
    scene: HookScene, both: list[str]
) -> None:
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", each) for each in both])

    assert (await the_open_one(scene)).finding.observed == digest(3)


async def test_other_things_than_hooks_are_not_hidden_by_what_was_observed_of_them_before(
    scene: HookScene,
) -> None:
    for observed in ("SHA256:one", "SHA256:two"):
        await scene.report(DOMAIN, ONE, [report(Kind.HOST_KEY, "ed25519", observed)])

    assert (await the_open_one(scene)).finding.observed == "SHA256:two"


async def test_each_violation_is_warned_of_and_counted_once_and_by_ids_alone(
    scene: HookScene, caplog: pytest.LogCaptureFixture
) -> None:
    await announces(scene, a_hook("secret-name"))
    with caplog.at_level(logging.WARNING):
        await announces(scene, a_hook("secret-name", digest(2)))
        await announces(scene, a_hook("secret-name", digest(3)))

    [record] = caplog.records
    assert record.getMessage() == f"integrity violation on node {ONE}: hook, found by capabilities"
    assert scene.alerts.counts == {"hook": 1}


async def test_a_hook_that_has_no_room_for_a_baseline_cannot_be_asked_for(scene: HookScene) -> None:
    await scene.rows(FILL, DOMAIN, ONE, MOST_BASELINES - 1)
    await announces(scene, a_hook("first"), a_hook("second"))

    assert (await scene.drifted(ONE, "first"), await scene.drifted(ONE, "second")) == (False, None)


async def test_acknowledging_pins_what_was_observed(scene: HookScene) -> None:
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2), privileged=True))
    violation = await acknowledged(scene)
    after = await scene.drifted(ONE)
    await announces(scene, a_hook())

    assert (violation.status, violation.acknowledged_by, violation.acknowledge_reason) == (
        Status.ACKNOWLEDGED,
        "user:1",
        WHY,
    )
    assert after is False
    assert await scene.baselines.of(DOMAIN, ONE) == {"backup": Pin(digest(2), Sandbox.NAMESPACED, True)}
    assert await scene.drifted(ONE) is True


async def test_only_what_a_violation_shows_is_acknowledged(scene: HookScene) -> None:
    """M15: what was announced behind it is a violation of its own."""
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2)))
    await announces(scene, a_hook(checksum=digest(3)))
    await acknowledged(scene)

    assert await scene.drifted(ONE) is True
    found = (await the_open_one(scene)).finding
    assert (found.expected, found.observed, found.detected_by) == (
        digest(2),
        digest(3),
        Detection.ACKNOWLEDGEMENT,
    )


async def test_nothing_is_acknowledged_twice_and_nothing_that_never_was(scene: HookScene) -> None:
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2)))
    violation = await acknowledged(scene)

    with pytest.raises(IllegalTransition):
        await scene.acknowledge(violation.id, "user:2", WHY)
    with pytest.raises(ViolationNotFound):
        await scene.acknowledge(ViolationId(node(99)), "user:2", WHY)
    assert await scene.listed() == [violation]


@pytest.mark.parametrize("artifact", ["backup", "hooks/backup", "/etc/plexd/hooks.d/backup.sh", "backup.sh"])
async def test_what_an_agent_found_of_a_hook_blocks_it_however_it_is_named(
    scene: HookScene, artifact: str
) -> None:
    await announces(scene, a_hook(), a_hook("other"))
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, artifact, digest(2).removeprefix("sha256:"))])

    assert (await scene.drifted(ONE), await scene.drifted(ONE, "other")) == (True, False)
    assert (await the_open_one(scene)).finding.observed == digest(2)


async def test_acknowledging_what_an_agent_found_pins_the_digest_it_told(scene: HookScene) -> None:
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(2))])
    await announces(scene, a_hook(checksum=digest(2)))
    await acknowledged(scene)

    assert await scene.drifted(ONE) is False
    assert await scene.baselines.of(DOMAIN, ONE) == {"backup": Pin(digest(2), Sandbox.NAMESPACED, False)}


async def test_what_an_agent_found_unblocks_its_hook_once_it_is_acknowledged(scene: HookScene) -> None:
    """What the node announced before it is not compared with it; what it announces behind it is."""
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "/etc/plexd/hooks.d/backup.sh", digest(2))])
    blocked = await scene.drifted(ONE)
    await acknowledged(scene)
    at_once = await scene.drifted(ONE)
    await announces(scene, a_hook(checksum=digest(2)))

    assert (blocked, at_once) == (True, False)
    assert await scene.listed(status=Status.OPEN) == []
    assert await scene.baselines.of(DOMAIN, ONE) == {"backup": Pin(digest(2), Sandbox.NAMESPACED, False)}


@pytest.mark.parametrize("others", [[], [a_hook("other")]])
async def test_what_was_announced_before_a_report_is_a_violation_when_it_is_announced_again(
    scene: HookScene, others: list[dict[str, Any]]
) -> None:
    """M15: the same words as before it are compared, too."""
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(2))])
    await acknowledged(scene)
    await announces(scene, a_hook(), *others)

    found = (await the_open_one(scene)).finding
    assert (found.expected, found.observed, found.detected_by) == (
        digest(2),
        digest(1),
        Detection.CAPABILITIES,
    )
    assert await scene.drifted(ONE) is True


async def test_one_report_after_another_is_acknowledged_without_an_announcement(scene: HookScene) -> None:
    await announces(scene, a_hook())
    for number in (2, 3):
        await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(number))])
        await acknowledged(scene)

        assert await scene.drifted(ONE) is False
    assert (await scene.baselines.of(DOMAIN, ONE))["backup"].checksum == digest(3)


async def test_what_is_announced_again_behind_a_report_stays_a_violation_behind_the_next(
    scene: HookScene,
) -> None:
    """M15: an announcement from before a report is excused once, and not when it is made again."""
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(2))])
    await acknowledged(scene)
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(3))])
    await acknowledged(scene)

    found = (await the_open_one(scene)).finding
    assert (found.expected, found.observed) == (digest(3), digest(1))


async def test_what_was_announced_between_a_report_and_its_acknowledgement_is_compared(
    scene: HookScene,
) -> None:
    """M15: nobody accepted it."""
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(2))])
    await announces(scene, a_hook(checksum=digest(3)))
    await acknowledged(scene)

    assert (await the_open_one(scene)).finding.observed == digest(3)
    assert await scene.drifted(ONE) is True


async def test_a_hook_that_was_removed_is_held_to_what_was_acknowledged_of_it(scene: HookScene) -> None:
    """M15: a baseline that was pinned by a report survives the hook's removal, too."""
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup", digest(2))])
    await announces(scene)
    await acknowledged(scene)
    await announces(scene, a_hook(checksum=digest(2)))
    meant = await scene.drifted(ONE)
    await announces(scene)
    await announces(scene, a_hook())

    assert (meant, await scene.drifted(ONE)) == (False, True)


@pytest.mark.parametrize("artifact", ["backup", "hooks/backup", "/etc/plexd/hooks.d/backup.sh", "backup.sh"])
async def test_what_an_agent_found_of_a_hook_before_it_announced_it_blocks_it(
    scene: HookScene, artifact: str
) -> None:
    await announces(scene, a_hook("other"))
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, artifact, digest(2))])
    read = await the_open_one(scene)
    await announces(scene, a_hook("other"), a_hook())
    standing = await the_open_one(scene)
    blocked = await scene.drifted(ONE), await scene.drifted(ONE, "other")
    await acknowledged(scene)

    assert blocked == (True, False)
    assert (standing.id, standing.finding.artifact_id) == (read.id, "backup")
    assert await scene.drifted(ONE) is False
    assert (await scene.baselines.of(DOMAIN, ONE))["backup"].checksum == digest(2)


async def test_of_several_reports_of_a_hook_before_its_announcement_the_newest_digest_stands(
    scene: HookScene,
) -> None:
    early = [("backup", digest(2)), ("hooks/backup", digest(3)), ("backup.sh", ""), ("stranger", digest(4))]
    for artifact, observed in early:
        await scene.report(DOMAIN, ONE, [report(Kind.HOOK, artifact, observed)])
    await announces(scene, a_hook())

    found = {each.finding.artifact_id: each.finding.observed for each in await scene.listed()}
    assert found == {"backup": digest(3), "stranger": digest(4)}


async def test_what_is_one_hooks_is_not_taken_for_another_that_comes_later(scene: HookScene) -> None:
    await announces(scene, a_hook("backup.sh"))
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "/etc/plexd/hooks.d/backup.sh", digest(2))])
    await announces(scene, a_hook("backup.sh"), a_hook())

    assert (await scene.drifted(ONE, "backup.sh"), await scene.drifted(ONE)) == (True, False)


async def test_a_report_without_a_digest_leaves_the_baseline_alone(scene: HookScene) -> None:
    await announces(scene, a_hook())
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup")])
    blocked = await scene.drifted(ONE)
    await acknowledged(scene)

    assert blocked is True
    assert await scene.drifted(ONE) is False
    assert await scene.baselines.of(DOMAIN, ONE) == {"backup": Pin(digest(1), Sandbox.NAMESPACED, False)}


async def test_what_a_node_names_itself_is_kept_up_to_a_bound_and_never_hides_a_hook(
    scene: HookScene,
) -> None:
    await announces(scene, a_hook())
    strange = [report(Kind.HOST_KEY, f"key-{number}") for number in range(MOST_STANDING + 5)]
    await scene.report(DOMAIN, ONE, [*strange, report(Kind.HOOK, "backup", digest(2))])
    await scene.report(DOMAIN, ONE, [report(Kind.BINARY, "/usr/bin/plexd")])

    [[count]] = await scene.rows("SELECT count(*) FROM integrity_violations")
    assert count == MOST_STANDING + 1
    assert await scene.drifted(ONE) is True


async def test_hooks_that_drifted_leave_room_for_what_a_node_names_itself(scene: HookScene) -> None:
    names = [f"hook-{number}" for number in range(MOST_STANDING)]
    await announces(scene, *(a_hook(name) for name in names))
    await announces(scene, *(a_hook(name, digest(2)) for name in names))
    await scene.report(DOMAIN, ONE, [report(Kind.BINARY, "/usr/bin/plexd", digest(3))])

    [found] = await scene.listed(kind=Kind.BINARY)
    assert found.finding.observed == digest(3)


async def test_a_hook_that_was_put_back_keeps_its_baseline(scene: HookScene) -> None:
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2)))
    await announces(scene, a_hook())
    await acknowledged(scene)
    settled = await scene.drifted(ONE)
    await announces(scene, a_hook(checksum=digest(2)))

    assert (settled, await scene.drifted(ONE)) == (False, True)


async def test_nobody_is_told_of_what_did_not_come_to_be(
    scene: HookScene, caplog: pytest.LogCaptureFixture
) -> None:
    await announces(scene, a_hook())
    with caplog.at_level(logging.WARNING), suppress(ZeroDivisionError):
        async with scene.database():
            await announces(scene, a_hook(checksum=digest(2)))
            raise ZeroDivisionError

    assert (caplog.records, scene.alerts.counts, await scene.listed()) == ([], {}, [])


async def test_a_digest_that_was_not_told_is_never_the_baseline(scene: HookScene) -> None:
    """Acknowledged, it would let any digest in that is told behind it."""
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum="", privileged=True))
    await acknowledged(scene)

    assert await scene.baselines.of(DOMAIN, ONE) == {"backup": Pin(digest(1), Sandbox.NAMESPACED, True)}
    assert await scene.drifted(ONE) is True


async def test_a_node_that_left_reports_nothing_and_its_violations_stay(scene: HookScene) -> None:
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2)))
    await scene.rows(REMOVE, ONE)
    await scene.withdraw(DOMAIN, ONE)

    with pytest.raises(NodeNotFound):
        await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup")])
    assert await scene.drifted(ONE) is None
    await acknowledged(scene)
    await scene.forget_node(ONE)
    assert await scene.listed() == []


@pytest.mark.parametrize("spelled", [digest(7), digest(7).removeprefix("sha256:")])
async def test_a_binary_that_was_released_is_good_in_both_spellings(scene: HookScene, spelled: str) -> None:
    await scene.release("1.4.2", 6, 7)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": spelled}))

    assert await scene.listed() == []


async def test_a_binary_that_was_never_released_under_its_version_is_a_violation(scene: HookScene) -> None:
    await scene.release("1.4.2", 7)
    await scene.release("1.4.3", 8)
    for node_id, version, number in ((ONE, "1.4.2", 8), (TWO, "1.5.0", 8), (OTHERS, "1.4.3", 8)):
        await scene.take(said(node_id, binary={"version": version, "checksum": digest(number)}))

    violation = await the_open_one(scene)
    assert (violation.finding.place.node_id, violation.finding.kind) == (ONE, Kind.BINARY)
    assert (violation.finding.artifact_id, violation.finding.observed) == (PLEXD, digest(8))
    assert violation.finding.detail == "version 1.4.2"


async def test_a_good_binary_resolves_what_a_bad_one_raised_and_a_bad_one_opens_it_again(
    scene: HookScene,
) -> None:
    await scene.release("1.4.2", 7)

    async def tells(number: int) -> list[tuple[Status, str]]:
        await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(number))])
        return [(each.status, each.finding.observed) for each in await scene.listed()]

    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(8)}))
    assert await tells(7) == [(Status.RESOLVED, digest(8))]
    assert await tells(9) == [(Status.OPEN, digest(9))]
    with_it = await acknowledged(scene)
    assert await tells(7) == [(Status.ACKNOWLEDGED, digest(9))]
    assert await tells(9) == [(Status.ACKNOWLEDGED, digest(9))]
    assert await tells(8) == [(Status.ACKNOWLEDGED, digest(9)), (Status.OPEN, digest(8))]
    with pytest.raises(IllegalTransition):
        await scene.acknowledge(with_it.id, "user:1", WHY)


UPGRADED = {"version": "1.4.3", "checksum": digest(8)}
SAY_OF = "UPDATE plexd_releases SET support_status = %s WHERE version = '1.4.3'"


async def upgrades(scene: HookScene, status: str = "supported") -> list[Status]:
    """Let the node run 1.4.2, then tell the checksum of 1.4.3 with a heartbeat and nothing else."""
    await scene.release("1.4.2", 7)
    await scene.release("1.4.3", 8)
    await scene.rows(SAY_OF, status)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(7)}))
    await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(8))])
    return [each.status for each in await scene.listed()]


async def test_an_upgraded_agent_that_tells_its_checksum_before_its_version_is_no_violation(
    scene: HookScene,
) -> None:
    told_first = await upgrades(scene)
    await scene.judge_releases()
    await scene.take(said(ONE, binary=UPGRADED))

    assert (told_first, await scene.listed()) == ([], [])


@pytest.mark.parametrize("status", ["deprecated", "withdrawn"])
async def test_a_binary_that_is_not_supported_any_more_is_one_until_it_is_announced(
    scene: HookScene, status: str
) -> None:
    assert await upgrades(scene, status) == [Status.OPEN]
    await scene.take(said(ONE, binary=UPGRADED))
    assert [each.status for each in await scene.listed()] == [Status.RESOLVED]


async def test_a_binary_of_another_version_settles_nothing_and_its_announcement_is_judged_by_its_own(
    scene: HookScene,
) -> None:
    await upgrades(scene)
    await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(9))])
    await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(8))])
    still_open = await the_open_one(scene)
    await acknowledged(scene)
    by_itself = await scene.listed(status=Status.OPEN)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(8)}))
    await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(7))])
    await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(8))])

    assert (still_open.finding.observed, by_itself) == (digest(9), [])
    announced = (await the_open_one(scene)).finding
    assert (announced.observed, announced.detected_by) == (digest(8), Detection.HEARTBEAT)


async def test_a_resolved_violation_cannot_be_acknowledged(scene: HookScene) -> None:
    await scene.release("1.4.2", 7)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(8)}))
    violation = await the_open_one(scene)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(7)}))

    with pytest.raises(IllegalTransition):
        await scene.acknowledge(violation.id, "user:1", WHY)


async def test_what_is_opened_again_is_another_violation(scene: HookScene) -> None:
    """An operator who read the one does not acknowledge the other unseen."""
    await scene.release("1.4.2", 7)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(8)}))
    read = await the_open_one(scene)
    for number in (7, 9):
        await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(number))])

    with pytest.raises(ViolationNotFound):
        await scene.acknowledge(read.id, "user:1", WHY)
    opened_again = await the_open_one(scene)
    assert (opened_again.id > read.id, opened_again.finding.observed) == (True, digest(9))


async def test_a_binary_that_came_behind_an_acknowledged_one_is_a_violation_of_its_own(
    scene: HookScene,
) -> None:
    """Only what a violation shows is acknowledged, of binaries as of hooks."""
    await scene.release("1.4.2", 7)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(8)}))
    await scene.check_binaries([ToldChecksum(DOMAIN, ONE, digest(9))])
    await acknowledged(scene)
    behind = (await the_open_one(scene)).finding
    await acknowledged(scene)

    assert (behind.observed, behind.detected_by) == (digest(9), Detection.ACKNOWLEDGEMENT)
    assert await scene.listed(status=Status.OPEN) == []


async def test_what_is_released_later_judges_who_runs_its_version_already(scene: HookScene) -> None:
    """A good binary of another architecture is no false alarm for ever, and one that was never released is found."""
    await scene.take(said(TWO, binary={"version": "1.4.2", "checksum": digest(9)}))
    await scene.release("1.4.2", 7)
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": digest(8)}))
    await scene.take(said(OTHERS, binary={"version": "1.4.3", "checksum": digest(8)}))
    before = {each.finding.place.node_id for each in await scene.listed(status=Status.OPEN)}
    await scene.judge_releases()
    await scene.rows(RELEASE, "1.4.2", "arch8", f"{8:064x}")
    await scene.judge_releases()

    assert before == {ONE}
    found = {each.finding.place.node_id: each for each in await scene.listed()}
    assert {each: one.status for each, one in found.items()} == {ONE: Status.RESOLVED, TWO: Status.OPEN}
    assert found[TWO].finding.detected_by is Detection.RELEASE


async def test_a_release_is_judged_once_it_cannot_have_been_missed(scene: HookScene) -> None:
    """What was announced around the moment of the release is judged by a second look, a minute later."""
    await scene.release("1.4.2", 7)
    releases = PostgresJudgedReleases(scene.database)

    async def due() -> list[str]:
        return [each.version for each in await releases.due(9)]

    await scene.judge_releases()
    at_once = await due()
    await scene.rows("UPDATE plexd_artifacts SET created_at = created_at - interval '2 minutes'")
    await scene.judge_releases()

    assert (at_once, await due()) == (["1.4.2"], [])


async def test_checksums_of_heartbeats_wait_for_nobody(scene: HookScene, hooks_database: Secret[str]) -> None:
    await scene.release("1.4.2", 7)
    for node_id in (ONE, FOREIGN):
        await scene.take(said(node_id, binary={"version": "1.4.2", "checksum": digest(7)}))
    told = [ToldChecksum(home(each), each, digest(8)) for each in (ONE, TWO, FOREIGN)]

    async with opened(hooks_database) as elsewhere, elsewhere():
        async with elsewhere.connection() as connection:
            await connection.execute("SELECT FROM node_announcements WHERE node_id = %s FOR UPDATE", [ONE])
        held = await apart(asyncio.wait_for(scene.check_binaries(told), 5))
    meanwhile = [each.finding.place.node_id for each in await scene.listed()]

    assert (held, meanwhile) == (frozenset({ONE}), [FOREIGN])
    assert await scene.check_binaries(told) == frozenset()
    assert {each.finding.place.node_id for each in await scene.listed()} == {ONE, FOREIGN}


async def test_an_acknowledgement_waits_for_an_announcement_that_is_being_taken(
    scene: HookScene, hooks_database: Secret[str]
) -> None:
    """M15: else what is announced at that moment would be compared with the baseline of before."""
    await announces(scene, a_hook())
    await announces(scene, a_hook(checksum=digest(2)))
    violation = await the_open_one(scene)

    async with opened(hooks_database) as elsewhere, elsewhere():
        async with elsewhere.connection() as connection:
            await connection.execute("SELECT FROM node_announcements WHERE node_id = %s FOR UPDATE", [ONE])
        acknowledging = asyncio.create_task(scene.acknowledge(violation.id, "user:1", WHY), context=Context())
        done, _ = await asyncio.wait([acknowledging], timeout=0.5)
        still_open = await scene.listed(status=Status.OPEN)

    assert (done, still_open) == (set(), [violation])
    assert (await acknowledging).status is Status.ACKNOWLEDGED


@pytest.mark.parametrize("observed", [digest(9), "", "sha256:9"])
async def test_an_object_that_is_not_what_is_declared_is_blocked_for_as_long_as_it_is_not(
    scene: HookScene, observed: str
) -> None:
    """M15: nobody acknowledged anything, for there is no violation; neither does one that is lift it."""
    hooks = [a_crd("backup"), a_crd("other"), a_hook("script")]
    found = [{"name": name, "image_digest": digest(1)} for name in ("other", "backup")]
    changed = [{"name": name, "image_digest": observed} for name in ("backup", "script")]
    await scene.take(said(ONE, hooks=hooks, discovered_hooks=found))
    before = await scene.drifted(ONE)
    await scene.take(said(ONE, hooks=hooks, discovered_hooks=changed))
    await scene.report(DOMAIN, ONE, [report(Kind.HOOK, "backup")])
    await acknowledged(scene)
    meanwhile = [await scene.drifted(ONE, name) for name in ("backup", "script")]
    not_found = await scene.drifted(ONE, "other")
    await scene.take(said(ONE, hooks=hooks, discovered_hooks=found))

    assert (before, meanwhile, not_found) == (False, [True, False], False)
    assert await scene.drifted(ONE) is False


async def test_two_that_announce_and_acknowledge_at_once_leave_no_way_past_the_baseline(
    scene: HookScene,
) -> None:
    """M15: whichever comes first, a digest that nobody acknowledged is blocked."""
    for round_number in range(5):
        await announces(scene, a_hook(checksum=digest(3 * round_number + 1)))
        await announces(scene, a_hook(checksum=digest(3 * round_number + 2)))
        open_one = await the_open_one(scene)
        late = said(ONE, hooks=[a_hook(checksum=digest(3 * round_number + 3))])
        await asyncio.gather(scene.acknowledge(open_one.id, "user:1", WHY), scene.take(late))

        assert await scene.drifted(ONE) is True
        await acknowledged(scene)
