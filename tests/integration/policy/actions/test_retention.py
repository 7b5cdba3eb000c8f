"""Executions are kept for a month after they ended, keys for a day, and a node's local executions up to a thousand."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest

from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.sweeper import KEPT, Sweeper
from plexsphere.policy.adapters.postgres.actions import local_executions
from plexsphere.policy.domain.actions.errors import ExecutionNotFound
from plexsphere.policy.domain.actions.report import Report, TriggeredBy
from plexsphere.policy.domain.actions.status import TargetStatus
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from tests.support.actions_postgres import ActionSite, a_draft, a_node_id, lent_action_site
from tests.support.policy import DOMAIN, PROJECT

pytestmark = pytest.mark.postgres

NODE: Final = a_node_id(1)
LOCAL: Final = Report(TargetStatus.SUCCEEDED, triggered_by=TriggeredBy("local_emergency"))


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """Three nodes."""
    async with lent_action_site(database, nodes=3) as lent:
        yield lent


async def test_what_ended_a_month_ago_is_forgotten_and_nothing_else(site: ActionSite) -> None:
    over = await site.dispatched(waves=WavePlan())
    await site.finish(over, 1, 2, 3)
    await site.one.report(DOMAIN, NODE, "exec_1", LOCAL)
    await site.let_time_pass(KEPT.total_seconds() - 60)
    younger, still_open = await site.dispatched(), await site.dispatched()
    await site.finish(younger, 1, 2, 3)
    sweeper = Sweeper((site.one.executions.forget, site.one.local_executions.forget))
    too_early = await sweeper.sweep(KEPT)
    await site.let_time_pass(120)

    assert (too_early, await sweeper.sweep(KEPT), await sweeper.sweep(KEPT)) == (0, 5, 0)
    with pytest.raises(ExecutionNotFound):
        await site.one.get(PROJECT, over)
    assert (await site.one.list_local(DOMAIN, NODE, None, 10)).executions == ()
    assert len((await site.one.get(PROJECT, younger)).targets) == 3
    assert len((await site.one.get(PROJECT, still_open)).targets) == 3


async def test_an_execution_is_forgotten_in_small_steps_once_it_has_ended(site: ActionSite) -> None:
    over, still_open = await site.dispatched(), await site.dispatched()
    await site.finish(over, 1, 2, 3)
    await site.let_time_pass(100)
    steps = [await site.one.executions.forget(timedelta(seconds=1), 2) for _ in range(3)]

    assert steps == [2, 2, 0]
    assert len((await site.one.get(PROJECT, still_open)).targets) == 3


async def test_a_key_is_forgotten_after_a_day(site: ActionSite) -> None:
    draft = a_draft(idempotency_key="k", body_digest=b"1")
    first = await site.one.dispatch(draft)
    await site.let_time_pass(86_300)
    await site.one.sweep.sweep()
    repeated = await site.one.dispatch(draft)
    await site.let_time_pass(200)
    await site.one.sweep.sweep()

    assert repeated.execution.id == first.execution.id
    assert (await site.one.dispatch(draft)).execution.id != first.execution.id


async def test_a_node_that_makes_up_ids_fills_its_own_share_alone(
    site: ActionSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_executions, "MOST_OF_A_NODE", 3)
    await site.one.report(DOMAIN, a_node_id(2), "exec_0", LOCAL)
    for number in range(6):
        await site.one.report(DOMAIN, NODE, f"exec_{number}", LOCAL)
        await site.let_time_pass(1)
    page = await site.one.list_local(DOMAIN, NODE, None, 2)
    rest = await site.one.list_local(DOMAIN, NODE, page.executions[-1].id, 2)

    assert [each.id for each in page.executions + rest.executions] == ["exec_3", "exec_4", "exec_5"]
    assert (page.is_last, rest.is_last) == (False, True)
    assert len((await site.one.list_local(DOMAIN, a_node_id(2), None, 9)).executions) == 1
