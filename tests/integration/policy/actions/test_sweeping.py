"""Sweeps repair what races left, and trouble with one execution holds up no other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import pytest

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreContended, StoreOverloaded, StoreUnavailable
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from tests.support.actions_postgres import DONE, ActionSite, Fleet, Process, a_node_id, lent_action_site
from tests.support.policy import AUTHOR, DOMAIN, PROJECT

pytestmark = pytest.mark.postgres

SICK: Final = a_node_id(1)
FORGET_STATUS: Final = "UPDATE executions SET status = 'started', ended_at = NULL"
STATUSES: Final = "SELECT status FROM executions"


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """Four nodes."""
    async with lent_action_site(database, nodes=4) as lent:
        yield lent


@dataclass
class SickFleet(Fleet):
    """Cannot say anything of one node."""

    trouble: type[Exception] = ZeroDivisionError

    async def silent_among(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> frozenset[NodeId]:
        if SICK in nodes:
            raise self.trouble
        return await super().silent_among(domain_id, nodes)


@pytest.mark.parametrize("trouble", [ZeroDivisionError, StoreContended, StoreOverloaded])
async def test_trouble_with_one_execution_holds_up_no_other(
    site: ActionSite, caplog: pytest.LogCaptureFixture, trouble: type[Exception]
) -> None:
    sick = await site.dispatched(node_id=SICK)
    sound = [await site.dispatched(node_id=a_node_id(number)) for number in (2, 3)]
    in_waves = await site.dispatched(waves=WavePlan(canary=1))
    site.fleet.nodes.remove(SICK)
    others_in_waves = await site.dispatched(waves=WavePlan(canary=1))
    await site.finish(in_waves, 1)
    await site.finish(others_in_waves, 2)
    await site.let_time_pass(299)
    await site.finish(sound[1], 3)
    await site.let_time_pass(2)
    fleet = SickFleet(site.fleet.nodes, definitions=site.fleet.definitions, trouble=trouble)
    await Process(site.one.database, fleet).sweep.sweep()

    assert await site.statuses(sick) == ["pending"]
    assert await site.statuses(sound[0]) == ["timeout"]
    assert await site.statuses(others_in_waves) == ["succeeded", "pending", "pending"]
    assert await site.released(others_in_waves) == [1, 2, 3]
    assert str(sick) in caplog.text
    assert str(sound[0]) not in caplog.text
    await site.one.sweep.sweep()
    assert await site.statuses(sick) == ["timeout"]


async def test_a_sweep_ends_where_the_store_is_away(site: ActionSite) -> None:
    await site.dispatched(node_id=SICK)
    await site.let_time_pass(301)
    fleet = SickFleet(nodes=site.fleet.nodes, trouble=StoreUnavailable)

    with pytest.raises(StoreUnavailable):
        await Process(site.one.database, fleet).sweep.sweep()


async def test_two_last_endings_at_once_leave_an_execution_that_has_ended(site: ActionSite) -> None:
    for _ in range(10):
        execution_id = await site.dispatched()
        await site.finish(execution_id, 1, 2)
        await asyncio.gather(
            site.one.report(DOMAIN, a_node_id(3), str(execution_id), DONE),
            site.other.report(DOMAIN, a_node_id(4), str(execution_id), DONE),
        )
        await site.one.sweep.sweep()

        assert (await site.one.get(PROJECT, execution_id)).has_ended


async def test_a_status_that_lags_behind_its_targets_is_brought_up(site: ActionSite) -> None:
    execution_id = await site.dispatched()
    await site.finish(execution_id, 1, 2, 3, 4)
    await site.run(FORGET_STATUS)
    lagging, shown = await site.run(STATUSES), await site.one.get(PROJECT, execution_id)
    await site.other.sweep.sweep()

    assert (lagging, await site.run(STATUSES)) == ([("started",)], [("succeeded",)])
    settled = await site.one.get(PROJECT, execution_id)
    assert (shown.status, shown.has_ended) == (settled.status, True) == ("succeeded", True)
    assert shown.ended_at == max(each.updated_at for each in shown.targets)


async def test_two_last_results_at_one_instant_are_shown_as_the_end(site: ActionSite) -> None:
    executions = [await site.dispatched() for _ in range(10)]
    for execution_id in executions:
        await site.finish(execution_id, 1, 2)
        reports = [
            process.report(DOMAIN, a_node_id(number), str(execution_id), DONE)
            for process, number in ((site.one, 3), (site.other, 4))
        ]
        await asyncio.gather(*reports)

        shown = await site.one.get(PROJECT, execution_id)
        assert (shown.status, shown.has_ended) == ("succeeded", True)


async def test_a_status_that_is_right_is_left_alone(site: ActionSite) -> None:
    pending, taken_up, started = [await site.dispatched() for _ in range(3)]
    for execution_id in (taken_up, started):
        await site.one.acknowledge(DOMAIN, a_node_id(1), str(execution_id), True, "")
    await site.one.report(DOMAIN, a_node_id(1), str(started), DONE)
    before = [await site.one.get(PROJECT, each) for each in (pending, taken_up, started)]
    await site.one.sweep.sweep()

    assert [each.status.value for each in before] == ["pending", "ack", "started"]
    assert [await site.one.get(PROJECT, each.id) for each in before] == before


async def test_more_overdue_targets_than_one_look_takes_all_end(
    site: ActionSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plexsphere.policy.application.actions import expire_targets, sweep_executions

    monkeypatch.setattr(expire_targets, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(sweep_executions, "MOST_AT_ONCE", 2)
    overdue = [await site.dispatched() for _ in range(5)]
    await site.let_time_pass(301)
    await asyncio.gather(site.one.sweep.sweep(), site.other.sweep.sweep())

    assert [await site.statuses(each) for each in overdue] == [["timeout"] * 4] * 5
    assert {(await site.one.get(PROJECT, each)).status.value for each in overdue} == {"timeout"}


async def test_a_rollout_that_somebody_looked_at_a_moment_ago_is_left_alone(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.finish(execution_id, 1)
    sweep = replace(site.one.sweep, rest=timedelta(seconds=60))
    await sweep.sweep()
    at_once = await site.released(execution_id)
    await site.let_time_pass(61)
    await sweep.sweep()

    assert at_once == [1]
    assert await site.released(execution_id) == [1, 2, 3, 4]


@pytest.mark.soak
async def test_no_step_takes_longer_than_a_statement_may_however_large_the_cohort_is(
    site: ActionSite,
) -> None:
    await site.join(9_996)
    overdue = await site.dispatched()
    in_waves = await site.dispatched(waves=WavePlan(percent=10))
    await site.finish(in_waves, 1)
    cancelled = await site.dispatched()
    await site.one.cancel(PROJECT, cancelled, AUTHOR, None)
    await site.let_time_pass(301)
    await site.one.sweep.sweep()

    assert Counter(await site.statuses(overdue)) == {"timeout": 10_000}
    assert Counter(await site.statuses(in_waves)) == {"succeeded": 1, "timeout": 999, "cancelled": 9_000}
    assert Counter(await site.statuses(cancelled)) == {"cancelled": 10_000}
    assert {(await site.one.get(PROJECT, each)).status.value for each in (overdue, in_waves)} == {"timeout"}
