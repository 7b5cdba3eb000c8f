"""Nothing more is expected of a node that leaves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest

from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from tests.support.actions_postgres import DONE, ActionSite, a_node_id, lent_action_site
from tests.support.policy import DOMAIN, PROJECT

pytestmark = pytest.mark.postgres

LEAVER: Final = a_node_id(1)
OFFERS_CHANGED: Final = "SELECT subject FROM event_inbox WHERE kind = 'offers'"


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """Three nodes."""
    async with lent_action_site(database, nodes=3) as lent:
        yield lent


async def test_whatever_a_node_that_leaves_had_not_finished_is_cancelled(site: ActionSite) -> None:
    taken_up, told = await site.dispatched(node_id=LEAVER), await site.dispatched(node_id=LEAVER)
    waiting = await site.dispatched(waves=WavePlan(canary=1, percent=50))
    finished = await site.dispatched(node_id=LEAVER)
    others = await site.dispatched(node_id=a_node_id(2))
    await site.one.acknowledge(DOMAIN, LEAVER, str(taken_up), True, "")
    await site.finish(finished, 1)
    await site.run("TRUNCATE event_inbox")
    await site.one.leave(DOMAIN, LEAVER)

    for execution_id in (taken_up, told):
        target = await site.one.target(PROJECT, execution_id, LEAVER)
        assert (target.status, target.reason) == ("cancelled", "node_left")
        assert (await site.one.get(PROJECT, execution_id)).status == "cancelled"
    assert await site.statuses(waiting) == ["cancelled", "pending", "pending"]
    assert (await site.statuses(finished), await site.statuses(others)) == (["succeeded"], ["pending"])
    assert await site.run(OFFERS_CHANGED) == [(LEAVER,)]
    assert LEAVER not in {each.node_id for each in await site.one.offers.all_of(DOMAIN)}


async def test_a_canary_that_leaves_is_no_failure_and_another_takes_its_place(site: ActionSite) -> None:
    execution_id = await site.dispatched(waves=WavePlan(canary=1))
    await site.one.acknowledge(DOMAIN, LEAVER, str(execution_id), True, "")
    site.fleet.silent.add(LEAVER)
    await site.one.leave(DOMAIN, LEAVER)
    await site.one.sweep.sweep()

    assert await site.released(execution_id) == [1, 2]
    assert (await site.one.get(PROJECT, execution_id)).status == "started"


async def test_nodes_that_leave_while_they_report_and_are_swept_end_each_target_once(
    site: ActionSite,
) -> None:
    executions = [await site.dispatched(waves=WavePlan(percent=70)) for _ in range(3)]
    leaving = [site.one.leave(DOMAIN, a_node_id(number)) for number in (1, 2)]
    reports = [
        process.report(DOMAIN, a_node_id(number), str(execution_id), DONE)
        for process in (site.one, site.other)
        for execution_id in executions
        for number in (1, 2)
    ]
    await asyncio.gather(*leaving, *reports, site.other.sweep.sweep())
    statuses = [await site.statuses(execution_id) for execution_id in executions]

    assert all({*each[:2]} <= {"cancelled", "succeeded"} for each in statuses)
    for execution_id, (one, _, _) in zip(executions, statuses, strict=True):
        target = await site.one.target(PROJECT, execution_id, LEAVER)
        kept = (target.report, target.note)
        assert kept == ((DONE, None) if one == "succeeded" else (None, DONE))
