"""A target moves once whatever nodes tell of it, and nothing that they tell is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest

from plexsphere.platform.kernel.ids import ExecutionId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.domain.actions.errors import ExecutionNotFound
from plexsphere.policy.domain.actions.execution import TargetStatus
from plexsphere.policy.domain.actions.report import Report, TriggeredBy
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from tests.support.actions_postgres import BROKEN, DONE, ActionSite, a_node_id, lent_action_site
from tests.support.policy import AUTHOR, DOMAIN, OTHER_PROJECT, PROJECT

pytestmark = pytest.mark.postgres

NODE, OTHER_NODE = a_node_id(1), a_node_id(2)
RESULTS: Final = "SELECT caveat_context ->> 'status' FROM audit_inbox WHERE relation = 'execution.result'"

OFFERS_CHANGED: Final = "SELECT count(*) FROM event_inbox WHERE kind = 'offers'"


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """Two nodes."""
    async with lent_action_site(database, nodes=2) as lent:
        yield lent


async def status(site: ActionSite, execution_id: ExecutionId) -> tuple[str, list[str]]:
    """Return what an execution and its targets are."""
    execution = await site.one.get(PROJECT, execution_id)
    return execution.status.value, [target.status.value for target in execution.targets]


async def test_an_action_that_is_taken_up_and_reported_ends_as_reported(site: ActionSite) -> None:
    execution_id = await site.dispatched()
    seen = [await status(site, execution_id)]
    for node_id in (NODE, OTHER_NODE):
        assert await site.one.acknowledge(DOMAIN, node_id, str(execution_id), True, "")
    seen.append(await status(site, execution_id))
    for node_id in (NODE, OTHER_NODE):
        await site.other.report(DOMAIN, node_id, str(execution_id), DONE)
        seen.append(await status(site, execution_id))

    assert seen == [
        ("pending", ["pending", "pending"]),
        ("ack", ["ack", "ack"]),
        ("started", ["succeeded", "ack"]),
        ("succeeded", ["succeeded", "succeeded"]),
    ]
    assert (await site.one.target(PROJECT, execution_id, NODE)).report == DONE


async def test_the_same_result_twenty_times_over_two_processes_ends_it_once(site: ActionSite) -> None:
    """C28."""
    execution_id = await site.dispatched(node_id=NODE)
    reports = [
        process.report(DOMAIN, NODE, str(execution_id), DONE)
        for process in (site.one, site.other)
        for _ in range(10)
    ]
    await asyncio.gather(*reports)
    for later in (BROKEN, Report(TargetStatus.CANCELLED), DONE):
        await site.one.report(DOMAIN, NODE, str(execution_id), later)
    target = await site.one.target(PROJECT, execution_id, NODE)

    assert (target.status, target.report, target.note) == (TargetStatus.SUCCEEDED, DONE, BROKEN)
    assert await site.run(RESULTS) == [("succeeded",)]


async def test_a_node_knows_nothing_of_the_executions_of_others(site: ActionSite) -> None:
    """C06."""
    execution_id = await site.dispatched(node_id=OTHER_NODE)

    with pytest.raises(ExecutionNotFound):
        await site.one.acknowledge(DOMAIN, NODE, str(execution_id), True, "")
    with pytest.raises(ExecutionNotFound):
        await site.one.report(DOMAIN, NODE, str(execution_id), DONE)
    assert await status(site, execution_id) == ("pending", ["pending"])
    with pytest.raises(ExecutionNotFound):
        await site.one.get(OTHER_PROJECT, execution_id)


async def test_followers_are_told_once_when_a_target_ceases_to_be_an_offer(site: ActionSite) -> None:
    by_acknowledgement, by_result, by_rejection = [await site.dispatched(node_id=NODE) for _ in range(3)]
    told = [await site.run(OFFERS_CHANGED)]
    await site.one.acknowledge(DOMAIN, NODE, str(by_acknowledgement), True, "")
    told.append(await site.run(OFFERS_CHANGED))
    await site.one.report(DOMAIN, NODE, str(by_acknowledgement), DONE)
    told.append(await site.run(OFFERS_CHANGED))
    await site.one.report(DOMAIN, NODE, str(by_result), DONE)
    told.append(await site.run(OFFERS_CHANGED))
    await site.one.acknowledge(DOMAIN, NODE, str(by_rejection), False, "")

    assert told == [[(0,)], [(1,)], [(1,)], [(2,)]]
    assert await site.run(OFFERS_CHANGED) == [(3,)]


async def test_the_process_that_hears_a_node_offers_it_that_no_more(site: ActionSite) -> None:
    executions = [await site.dispatched(node_id=NODE) for _ in range(4)]
    views = site.one.offer_views
    views.know(DOMAIN, await views.prepared(DOMAIN, (), await site.one.offers.all_of(DOMAIN)))
    left = [list(views.of(DOMAIN, NODE))]
    await site.one.acknowledge(DOMAIN, NODE, str(executions[0]), True, "")
    left.append(list(views.of(DOMAIN, NODE)))
    await site.one.acknowledge(DOMAIN, NODE, str(executions[1]), False, "")
    left.append(list(views.of(DOMAIN, NODE)))
    await site.one.report(DOMAIN, NODE, str(executions[2]), DONE)
    left.append(list(views.of(DOMAIN, NODE)))

    assert left == [executions, executions[1:], executions[2:], executions[3:]]


async def test_a_rejected_action_failed_for_the_reason_that_was_given(site: ActionSite) -> None:
    execution_id = await site.dispatched(node_id=NODE)
    proceeds = await site.one.acknowledge(DOMAIN, NODE, str(execution_id), False, "unknown action\0")
    target = await site.one.target(PROJECT, execution_id, NODE)

    assert not proceeds
    assert (target.status, target.reason) == (TargetStatus.FAILED, "unknown action�")
    assert (await status(site, execution_id))[0] == "failed"
    assert await site.one.offers.all_of(DOMAIN) == []


async def test_what_is_taken_up_in_the_last_second_may_run_its_whole_time(site: ActionSite) -> None:
    """M29."""
    execution_id = await site.dispatched(node_id=NODE)
    await site.let_time_pass(299)
    assert await site.one.acknowledge(DOMAIN, NODE, str(execution_id), True, "")
    await site.let_time_pass(59)

    assert await site.one.acknowledge(DOMAIN, NODE, str(execution_id), True, "")
    await site.one.report(DOMAIN, NODE, str(execution_id), DONE)
    assert await status(site, execution_id) == ("succeeded", ["succeeded"])


async def test_taking_it_up_again_gains_no_time(site: ActionSite) -> None:
    """M29."""
    execution_id = await site.dispatched(node_id=NODE)
    answers = []
    for _ in range(3):
        answers.append(await site.other.acknowledge(DOMAIN, NODE, str(execution_id), True, ""))
        await site.let_time_pass(31)
    await site.one.report(DOMAIN, NODE, str(execution_id), DONE)
    target = await site.one.target(PROJECT, execution_id, NODE)

    assert answers == [True, True, False]
    assert (target.status, target.reason, target.note) == (TargetStatus.TIMEOUT, "not_finished", DONE)


async def test_what_was_not_taken_up_in_time_is_neither_offered_nor_to_be_run(site: ActionSite) -> None:
    """M29."""
    execution_id = await site.dispatched(node_id=NODE)
    assert len(await site.one.offers.of_nodes(DOMAIN, [NODE])) == 1
    await site.let_time_pass(301)

    assert await site.one.offers.of_nodes(DOMAIN, [NODE]) == []
    assert not await site.one.acknowledge(DOMAIN, NODE, str(execution_id), True, "")
    await site.one.report(DOMAIN, NODE, str(execution_id), DONE)
    target = await site.one.target(PROJECT, execution_id, NODE)
    assert (target.status, target.reason) == (TargetStatus.TIMEOUT, "not_taken_up")
    assert (target.report, target.note) == (None, DONE)


@pytest.mark.parametrize(("later", "note"), [(BROKEN, DONE), (DONE, None)], ids=["another", "the same"])
async def test_a_result_of_what_no_wave_released_is_noted_and_ends_nothing(
    site: ActionSite, later: Report, note: Report | None
) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1, percent=100))
    for report in (DONE, BROKEN):
        await site.one.report(DOMAIN, OTHER_NODE, str(execution_id), report)
    before = await site.one.target(PROJECT, execution_id, OTHER_NODE)
    await site.finish(execution_id, 1)
    await site.one.sweep.sweep()
    await site.finish(execution_id, 2, report=later)
    after = await site.one.target(PROJECT, execution_id, OTHER_NODE)

    assert (before.status, before.released_at, before.report) == (TargetStatus.PENDING, None, None)
    assert before.note == DONE
    assert (after.status, after.report, after.note) == (later.status, later, note)


async def test_a_cancelled_action_is_not_run_and_a_result_of_it_is_noted(site: ActionSite) -> None:
    execution_id = await site.dispatched()
    await site.one.acknowledge(DOMAIN, NODE, str(execution_id), True, "")
    execution = await site.other.cancel(PROJECT, execution_id, AUTHOR, None)
    again = await site.one.cancel(PROJECT, execution_id, AUTHOR, None)

    assert execution == again
    assert {each.status for each in execution.targets} == {execution.status} == {TargetStatus.CANCELLED}
    assert not await site.one.acknowledge(DOMAIN, OTHER_NODE, str(execution_id), True, "")
    await site.one.report(DOMAIN, NODE, str(execution_id), DONE)
    assert (await site.one.target(PROJECT, execution_id, NODE)).note == DONE


async def test_what_nobody_dispatched_is_kept_unaudited_when_somebody_on_the_node_ran_it(
    site: ActionSite,
) -> None:
    local = Report(
        TargetStatus.SUCCEEDED, triggered_by=TriggeredBy("session", "sess_1", "u", "a@example.com")
    )
    differing = Report(TargetStatus.FAILED, triggered_by=TriggeredBy("local_emergency"))
    for report in (local, local, differing, local):
        await site.one.report(DOMAIN, NODE, "exec_a1", report)
    page = await site.one.list_local(DOMAIN, NODE, None, 10)

    assert [(each.id, each.report, each.note) for each in page.executions] == [("exec_a1", local, differing)]
    assert (await site.one.list_local(DOMAIN, OTHER_NODE, None, 10)).executions == ()
    assert await site.run("SELECT relation FROM audit_inbox WHERE relation = 'execution.local'") == []
    for refused in ("exec_a1", "no such id", ""):
        with pytest.raises(ExecutionNotFound):
            await site.one.report(DOMAIN, NODE, refused, DONE)
