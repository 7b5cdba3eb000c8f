"""Waves: canaries first, then a share at a time; too many failures halt them, silent nodes never do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import pytest

from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.domain.actions.definition import ActionDefinition
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.actions.status import TargetStatus
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from tests.support.actions_postgres import BACKUP, BROKEN, DONE, ActionSite, a_node_id, lent_action_site
from tests.support.policy import AUTHOR, DOMAIN, PROJECT

pytestmark = pytest.mark.postgres

SIZE: Final = 10
ENTRIES: Final = """
SELECT relation, caveat_context - 'execution' FROM audit_inbox
WHERE relation NOT IN ('execution.result', 'execution.reject') ORDER BY id
"""
TOLD: Final = """
SELECT subject::text, cardinality(recipients), frames::text FROM event_inbox WHERE kind = 'execution' ORDER BY id
"""


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """Ten nodes."""
    async with lent_action_site(database, nodes=SIZE) as lent:
        yield lent


async def test_canaries_go_first_and_then_a_share_at_a_time(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1, percent=30, max_failures=0))
    seen = [await site.released(execution_id)]
    done = 0
    while done < SIZE:
        await site.other.sweep.sweep()
        assert await site.released(execution_id) == seen[-1]
        await site.finish(execution_id, *seen[-1][done:])
        done = len(seen[-1])
        await site.one.sweep.sweep()
        seen.append(await site.released(execution_id))

    assert [len(each) for each in seen] == [1, 4, 7, 10, 10]
    assert (await site.one.get(PROJECT, execution_id)).status == "succeeded"
    told = [(count, "action_request" in frames) for _, count, frames in await site.run(TOLD)]
    assert told == [(1, True), (3, True), (3, True), (3, True)]


async def test_a_failed_canary_is_replaced_as_long_as_failures_are_allowed(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=2, percent=50, max_failures=1))
    await site.finish(execution_id, 1)
    await site.finish(execution_id, 2, report=BROKEN)
    await site.one.sweep.sweep()
    replaced = await site.released(execution_id)
    await site.finish(execution_id, 3)
    await site.one.sweep.sweep()

    assert replaced == [1, 2, 3]
    assert await site.released(execution_id) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_too_many_failures_cancel_what_was_not_taken_up(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(percent=50, max_failures=1))
    await site.one.acknowledge(DOMAIN, a_node_id(5), str(execution_id), True, "")
    for number in (1, 2):
        await site.finish(execution_id, number, report=BROKEN)
        await site.one.sweep.sweep()
    halted = await site.one.get(PROJECT, execution_id)
    await site.finish(execution_id, 5)
    await site.one.sweep.sweep()

    assert [each.reason for each in halted.targets] == ["", "", "halted", "halted", ""] + ["halted"] * 5
    assert [each.status.value for each in halted.targets[:5]] == [
        "failed",
        "failed",
        "cancelled",
        "cancelled",
        "ack",
    ]
    assert (await site.one.get(PROJECT, execution_id)).status == "failed"
    assert (await site.run(TOLD))[-1][1:] == (2, f'[["action_cancelled", "{execution_id}"]]')


async def test_silent_nodes_neither_block_nor_count_and_come_last(site: ActionSite) -> None:
    site.fleet.silent = {a_node_id(1), a_node_id(3)}
    execution_id = await site.dispatched(waves=WavePlan(canary=1, percent=50, max_failures=0))
    first = await site.released(execution_id)
    site.fleet.silent.add(a_node_id(2))
    await site.one.sweep.sweep()
    second = await site.released(execution_id)
    await site.finish(execution_id, 4)
    for _ in range(3):
        await site.one.sweep.sweep()
        await site.finish(execution_id, *range(5, SIZE + 1))
    await site.let_time_pass(301)
    await site.one.sweep.sweep()
    execution = await site.one.get(PROJECT, execution_id)

    assert (first, second) == ([2], [2, 4])
    assert [each.status.value for each in execution.targets] == ["timeout"] * 3 + ["succeeded"] * 7
    assert {each.reason for each in execution.targets[:3]} == {"silent"}
    assert execution.status == "timeout"


async def test_what_a_silent_node_could_not_take_up_is_no_failure(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(percent=10))
    site.fleet.silent.add(a_node_id(1))
    await site.one.sweep.sweep()
    await site.finish(execution_id, 2)
    await site.let_time_pass(301)
    await site.one.sweep.sweep()
    execution = await site.one.get(PROJECT, execution_id)

    assert (execution.targets[0].status, execution.targets[0].reason) == ("timeout", "silent")
    assert await site.released(execution_id) == [1, 2, 3]


async def test_what_was_taken_up_and_never_finished_is_a_failure_of_a_silent_node_too(
    site: ActionSite,
) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.one.acknowledge(DOMAIN, a_node_id(1), str(execution_id), True, "")
    site.fleet.silent.add(a_node_id(1))
    await site.let_time_pass(61)
    await site.one.sweep.sweep()
    execution = await site.one.get(PROJECT, execution_id)

    assert [each.reason for each in execution.targets] == ["not_finished"] + ["halted"] * 9


async def test_a_canary_that_takes_the_action_up_and_falls_silent_halts_the_rollout_at_once(
    site: ActionSite,
) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.one.acknowledge(DOMAIN, a_node_id(1), str(execution_id), True, "")
    site.fleet.silent.add(a_node_id(1))
    await site.one.sweep.sweep()
    halted = await site.statuses(execution_id)
    await site.one.report(DOMAIN, a_node_id(1), str(execution_id), DONE)

    assert halted == ["ack"] + ["cancelled"] * 9
    assert (await site.statuses(execution_id))[0] == "succeeded"


async def test_what_a_silent_node_took_up_and_finishes_after_all_is_no_failure_any_more(
    site: ActionSite,
) -> None:
    execution_id = await site.dispatched(waves=WavePlan(percent=20, max_failures=1))
    await site.one.acknowledge(DOMAIN, a_node_id(1), str(execution_id), True, "")
    site.fleet.silent.add(a_node_id(1))
    await site.one.sweep.sweep()
    await site.one.report(DOMAIN, a_node_id(1), str(execution_id), DONE)
    await site.finish(execution_id, 2, report=BROKEN)
    await site.one.sweep.sweep()

    assert await site.released(execution_id) == [1, 2, 3, 4]


async def test_silent_nodes_wait_until_the_canaries_have_succeeded(site: ActionSite) -> None:
    site.fleet.silent = {a_node_id(number) for number in range(2, SIZE + 1)}
    execution_id = await site.dispatched(waves=WavePlan(canary=2))
    await site.finish(execution_id, 1)
    await site.one.sweep.sweep()
    without_a_canary = await site.released(execution_id)
    site.fleet.silent.remove(a_node_id(7))
    await site.one.sweep.sweep()
    with_one_that_was_heard = await site.released(execution_id)
    await site.finish(execution_id, 7)
    await site.one.sweep.sweep()

    assert (without_a_canary, with_one_that_was_heard) == ([1], [1, 7])
    assert await site.released(execution_id) == list(range(1, SIZE + 1))


async def test_a_rollout_that_nobody_hears_of_is_over_after_a_day(site: ActionSite) -> None:
    site.fleet.silent = set(site.fleet.nodes)
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.one.sweep.sweep()
    waiting = await site.released(execution_id)
    await site.let_time_pass(86_400)
    await site.one.sweep.sweep()
    execution = await site.one.get(PROJECT, execution_id)

    assert waiting == []
    assert (await site.run(ENTRIES))[-1] == ("execution.expire", {"targets": 10})
    assert {(each.status.value, each.reason) for each in execution.targets} == {("cancelled", "rollout_over")}
    assert execution.status == "cancelled"


async def test_what_a_node_calls_off_itself_is_a_failure(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.finish(execution_id, 1, report=Report(TargetStatus.CANCELLED))
    await site.one.sweep.sweep()
    execution = await site.one.get(PROJECT, execution_id)

    assert [each.reason for each in execution.targets] == [""] + ["halted"] * 9


@pytest.mark.parametrize(
    ("by_now", "is_drifted", "reason"),
    [
        (None, False, "not_announced"),
        (BACKUP, True, "drifted"),
        (replace(BACKUP, privileged=True), False, "not_approved"),
        (replace(BACKUP, checksum="sha256:other"), False, "changed"),
    ],
)
async def test_what_is_not_any_more_what_was_dispatched_fails_at_its_wave_and_halts_the_rollout(
    site: ActionSite, by_now: ActionDefinition | None, is_drifted: bool, reason: str
) -> None:
    execution_id = await site.dispatched(action="hooks/backup", waves=WavePlan(percent=20))
    if by_now is None:
        del site.fleet.definitions[a_node_id(4)]
    else:
        site.fleet.announce(by_now, a_node_id(4), is_drifted=is_drifted)
    await site.finish(execution_id, 1, 2)
    await site.one.sweep.sweep()
    execution = await site.one.get(PROJECT, execution_id)

    assert [each.status.value for each in execution.targets[:5]] == [
        *["succeeded"] * 2,
        "cancelled",
        "failed",
        "cancelled",
    ]
    assert [each.reason for each in execution.targets] == ["", "", "halted", reason] + ["halted"] * 6
    assert execution.status == "failed"
    assert await site.run(ENTRIES) == [
        ("execution.dispatch", {"action": "hooks/backup", "targets": 10}),
        ("execution.refuse", {"reason": reason, "targets": 1}),
        ("execution.halt", {"targets": 7}),
    ]


async def test_the_others_of_a_wave_are_released_where_a_failure_is_allowed(site: ActionSite) -> None:
    execution_id = await site.dispatched(action="hooks/backup", waves=WavePlan(percent=20, max_failures=1))
    site.fleet.announce(BACKUP, a_node_id(4), is_drifted=True)
    await site.finish(execution_id, 1, 2)
    await site.one.sweep.sweep()

    assert await site.released(execution_id) == [1, 2, 3]
    assert (await site.one.target(PROJECT, execution_id, a_node_id(4))).reason == "drifted"
    assert (await site.one.get(PROJECT, execution_id)).status == "started"


async def test_what_was_approved_at_the_dispatch_stays_approved(site: ActionSite) -> None:
    plan = WavePlan(percent=50)
    execution_id = await site.dispatched(action="hooks/backup", waves=plan, approve_privileged=True)
    site.fleet.announce(replace(BACKUP, privileged=True))
    await site.finish(execution_id, *range(1, 6))
    await site.one.sweep.sweep()

    assert await site.released(execution_id) == list(range(1, SIZE + 1))
    assert (await site.run(ENTRIES))[0][1]["approved"] == 1


async def test_an_answer_that_does_not_come_from_a_node_that_is_heard_is_a_failure(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.let_time_pass(301)
    await site.one.sweep.sweep()

    assert await site.statuses(execution_id) == ["timeout"] + ["cancelled"] * 9


async def test_nothing_is_released_a_day_after_the_dispatch(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1), timeout_seconds=86_400)
    await site.one.acknowledge(DOMAIN, a_node_id(1), str(execution_id), True, "")
    await site.let_time_pass(86_399)
    await site.one.sweep.sweep()
    before = await site.statuses(execution_id)
    await site.let_time_pass(1)
    await site.one.sweep.sweep()

    assert before == ["ack"] + ["pending"] * 9
    assert await site.statuses(execution_id) == ["ack"] + ["cancelled"] * 9


async def test_processes_that_sweep_at_once_release_each_wave_once(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(percent=20))
    for _ in range(4):
        await asyncio.gather(*(each.sweep.sweep() for each in (site.one, site.other) for _ in range(3)))
        await site.finish(execution_id, *await site.released(execution_id))
    await site.one.sweep.sweep()

    assert [count for _, count, _ in await site.run(TOLD)] == [2, 2, 2, 2, 2]


async def test_a_cancelled_rollout_releases_nothing_more(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.other.cancel(PROJECT, execution_id, AUTHOR, None)
    await site.one.sweep.sweep()

    assert await site.released(execution_id) == [1]
    assert [(count, "action_cancelled" in frames) for _, count, frames in await site.run(TOLD)] == [
        (1, False),
        (1, True),
    ]
