"""A dispatch is refused in the documented order, or becomes one execution, however often it is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from plexsphere.platform.kernel.ids import ExecutionId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.application.actions import dispatch_action, told
from plexsphere.policy.domain.actions import errors
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from plexsphere.policy.domain.errors import ProjectNotFound, SelectorSyntaxError
from tests.support.actions_postgres import BACKUP, ActionSite, a_draft, a_node_id, lent_action_site
from tests.support.identity import a_user
from tests.support.policy import DOMAIN, OTHER_PROJECT, PROJECT

pytestmark = pytest.mark.postgres

NODE, OTHER_NODE = a_node_id(1), a_node_id(2)
NOWHERE: Final = ProjectId(a_node_id(404))
VERSION_ALONE: Final = (ParameterDefinition("version", "string", required=True),)
UPGRADE: Final = ActionDefinition(
    ActionType.BUILTIN,
    "service.upgrade",
    (*VERSION_ALONE, ParameterDefinition("checksum", "string", required=True)),
)
FITTING: Final = "sha256:" + "ab" * 32
OTHER: Final = "sha256:" + "cd" * 32
TOLD: Final = "SELECT cardinality(recipients) FROM event_inbox WHERE kind = 'execution' ORDER BY id"
DISPATCHED: Final = (
    "SELECT caveat_context ->> 'execution' FROM audit_inbox WHERE relation = 'execution.dispatch'"
)
KEPT: Final = "SELECT (SELECT count(*) FROM executions), (SELECT count(*) FROM execution_keys)"


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """Three nodes."""
    async with lent_action_site(database, nodes=3) as lent:
        yield lent


async def test_refusals_come_in_the_documented_order_and_keep_nothing(
    site: ActionSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_action, "MOST_OPEN_TARGETS", 2)
    privileged = replace(BACKUP, privileged=True)
    site.fleet.announce(privileged, NODE, is_drifted=True)
    site.fleet.announce(privileged, OTHER_NODE)
    wishes: dict[str, Any] = {"project_id": NOWHERE, "selector": "a in (", "action": "hooks/none"}
    wishes |= {"parameters": {"x": 1}, "idempotency_key": "k", "body_digest": b"1"}
    steps: list[tuple[dict[str, Any], type[Exception]]] = [
        ({}, ProjectNotFound),
        ({"project_id": PROJECT}, SelectorSyntaxError),
        ({"selector": "app=none"}, errors.EmptyCohort),
        ({"selector": "*"}, errors.ActionNotDeclared),
        ({"action": "hooks/backup"}, errors.HookDrifted),
        ({"repaired": True}, errors.ApprovalRequired),
        ({"approve_privileged": True}, errors.InvalidParameters),
        ({"parameters": {}}, errors.CapacityExceeded),
    ]
    for change, refusal in steps:
        if change.pop("repaired", False):
            site.fleet.announce(privileged)
        wishes |= change
        with pytest.raises(refusal):
            await site.one.dispatch(a_draft(**wishes))

    assert await site.run(KEPT) == [(0, 0)]
    monkeypatch.setattr(dispatch_action, "MOST_OPEN_TARGETS", 3)
    assert (await site.one.dispatch(a_draft(**wishes))).execution.action == "hooks/backup"


async def test_a_node_has_so_many_open_targets_and_no_more(
    site: ActionSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_action, "MOST_OPEN_TARGETS_OF_A_NODE", 2)
    first = await site.dispatched(node_id=NODE)
    await site.dispatched(node_id=NODE, waves=WavePlan())
    for where in ({"node_id": NODE}, {"selector": "*"}):
        with pytest.raises(errors.CapacityExceeded):
            await site.dispatched(**where)
    await site.dispatched(node_id=OTHER_NODE)
    await site.finish(first, 1)

    assert await site.dispatched()


async def test_a_refusal_names_how_many_nodes_and_which(site: ActionSite) -> None:
    site.fleet.announce(BACKUP, OTHER_NODE, is_drifted=True)

    with pytest.raises(errors.ActionNotDeclared) as undeclared:
        await site.one.dispatch(a_draft(action="none"))
    with pytest.raises(errors.HookDrifted) as drifted:
        await site.one.dispatch(a_draft(action="backup", type="hook"))
    assert undeclared.value.missing == 3
    assert drifted.value.nodes == {OTHER_NODE}
    assert await site.dispatched(action="backup", type="hook", node_id=NODE)


async def test_a_retry_gets_the_same_execution_whatever_became_of_its_nodes(site: ActionSite) -> None:
    """C27."""
    draft = a_draft(action="hooks/backup", idempotency_key="k", body_digest=b"1")
    first = await site.one.dispatch(draft)
    site.fleet.announce(BACKUP, NODE, is_drifted=True)
    site.fleet.nodes.clear()
    again = await site.other.dispatch(draft)

    assert again == first
    assert await site.run(DISPATCHED) == [(str(first.execution.id),)]
    assert await site.run(TOLD) == [(3,)]


async def test_a_key_stands_for_one_request_of_one_principal_in_one_project(site: ActionSite) -> None:
    """C27."""
    draft = a_draft(idempotency_key="k", body_digest=b"1")
    first = (await site.one.dispatch(draft)).execution.id
    others = [
        replace(draft, author=a_user(0xB0).reference),
        replace(draft, project_id=OTHER_PROJECT),
        replace(draft, idempotency_key="K"),
    ]
    minted = {(await site.one.dispatch(each)).execution.id for each in others}

    assert len({first, *minted}) == 4
    with pytest.raises(errors.IdempotencyConflict):
        await site.other.dispatch(replace(draft, body_digest=b"2"))


async def test_retries_at_once_over_two_processes_are_one_execution(site: ActionSite) -> None:
    """C27."""
    draft = a_draft(idempotency_key="k", body_digest=b"1")
    works = [each.dispatch(draft) for each in (site.one, site.other) for _ in range(4)]
    minted = {dispatched.execution.id for dispatched in await asyncio.gather(*works)}

    assert len(minted) == 1
    assert await site.run(TOLD) == [(3,)]
    assert await site.run(KEPT) == [(1, 1)]


async def test_a_dispatch_that_was_refused_leaves_its_key_free(site: ActionSite) -> None:
    """C27."""
    draft = a_draft(action="none", idempotency_key="k", body_digest=b"1")
    with pytest.raises(errors.ActionNotDeclared):
        await site.one.dispatch(draft)

    assert await site.one.dispatch(replace(draft, action="system.info", body_digest=b"2"))


@pytest.mark.parametrize("key", ["é", "a\n", "x" * 256, "\x7f"])
def test_a_key_is_short_and_printable(key: str) -> None:
    with pytest.raises(errors.InvalidIdempotencyKey):
        a_draft(idempotency_key=key)


async def test_an_upgrade_gets_the_checksum_of_the_binary_that_fits_each_node(site: ActionSite) -> None:
    site.fleet.announce(UPGRADE)
    fitting = {NODE: FITTING, OTHER_NODE: OTHER, a_node_id(3): FITTING}
    site.fleet.stored = {node_id: frozenset({checksum}) for node_id, checksum in fitting.items()}
    await site.dispatched(action="service.upgrade", parameters={"version": "1.5.0"})
    offers = await site.one.offers.all_of(DOMAIN)

    assert [offer.parameters for offer in offers] == [
        f'{{"checksum":"{fitting[offer.node_id]}","version":"1.5.0"}}' for offer in offers
    ]


@pytest.mark.parametrize("takes", [VERSION_ALONE, None], ids=["the version alone", "what nobody knows"])
async def test_the_checksum_is_told_to_a_node_that_did_not_announce_it(
    site: ActionSite, takes: tuple[ParameterDefinition, ...] | None
) -> None:
    site.fleet.announce(replace(UPGRADE, parameters=takes))
    site.fleet.stored = dict.fromkeys(site.fleet.nodes, frozenset({FITTING}))
    for parameters in ({"version": "1.5.0"}, {"version": "1.5.0", "checksum": None}):
        await site.dispatched(action="service.upgrade", parameters=parameters, node_id=NODE)
    offers = await site.one.offers.all_of(DOMAIN)

    assert {offer.parameters for offer in offers} == {f'{{"checksum":"{FITTING}","version":"1.5.0"}}'}
    with pytest.raises(errors.InvalidParameters):
        await site.dispatched(action="service.upgrade", parameters={"version": "1.5.0", "speed": []})


async def test_a_digest_is_the_same_in_each_of_its_spellings_and_told_as_it_was_given(
    site: ActionSite,
) -> None:
    site.fleet.announce(UPGRADE)
    site.fleet.stored = dict.fromkeys(site.fleet.nodes, frozenset({FITTING}))
    spellings = {FITTING, FITTING.upper(), "ab" * 32, "AB" * 32}
    for checksum in spellings:
        named = {"version": "1.5.0", "checksum": checksum}
        await site.dispatched(action="service.upgrade", parameters=named, node_id=NODE)
    offers = await site.one.offers.all_of(DOMAIN)

    assert {json.loads(offer.parameters)["checksum"] for offer in offers} == spellings


async def test_a_node_that_several_binaries_may_fit_is_told_the_one_that_an_operator_names(
    site: ActionSite,
) -> None:
    site.fleet.announce(UPGRADE)
    site.fleet.stored = {NODE: frozenset({FITTING, OTHER})}
    for parameters in ({}, {"checksum": "sha256:" + "0" * 64}, {"checksum": ""}, {"checksum": 1}):
        with pytest.raises(errors.ArtifactNotStored):
            await site.dispatched(
                action="service.upgrade", parameters={"version": "1.5.0", **parameters}, node_id=NODE
            )

    named = {"version": "1.5.0", "checksum": OTHER}
    assert await site.dispatched(action="service.upgrade", parameters=named, node_id=NODE)


async def test_an_upgrade_never_names_another_binary_than_is_stored(site: ActionSite) -> None:
    site.fleet.announce(UPGRADE)
    wishes = {"action": "service.upgrade", "parameters": {"version": "1.5.0"}}
    with pytest.raises(errors.ArtifactNotStored):
        await site.one.dispatch(a_draft(**wishes))
    site.fleet.stored = {NODE: frozenset({FITTING})}
    with pytest.raises(errors.ArtifactNotStored):
        await site.one.dispatch(a_draft(**wishes))
    with pytest.raises(errors.ArtifactNotStored):
        await site.one.dispatch(
            a_draft(action="service.upgrade", parameters={"version": "1.5.0", "checksum": "sha256:00"})
        )

    named = {"version": "1.5.0", "checksum": FITTING}
    assert await site.dispatched(action="service.upgrade", parameters=named)


async def test_nobody_is_upgraded_to_what_was_withdrawn_whatever_checksum_is_named(site: ActionSite) -> None:
    site.fleet.announce(UPGRADE)
    site.fleet.stored, site.fleet.withdrawn = dict.fromkeys(site.fleet.nodes, frozenset({FITTING})), {"1.5.0"}
    for named in ({}, {"checksum": FITTING}, {"checksum": "sha256:00"}):
        with pytest.raises(errors.ArtifactNotStored):
            await site.one.dispatch(
                a_draft(action="service.upgrade", parameters={"version": "1.5.0", **named})
            )

    elsewhere = {"version": "1.6.0", "checksum": FITTING}
    assert await site.dispatched(action="service.upgrade", parameters=elsewhere)


async def test_offers_say_what_each_node_announced(site: ActionSite) -> None:
    local = replace(BACKUP, source="local", timeout_seconds=None, checksum="ab" * 32)
    site.fleet.announce(local, OTHER_NODE)
    execution_id = await site.dispatched(action="backup", type="hook", node_id=NODE)
    await site.dispatched(action="backup", type="hook", node_id=OTHER_NODE)
    offers = await site.one.offers.of_nodes(DOMAIN, [NODE, OTHER_NODE])

    assert [(each.action, each.type, each.timeout_seconds, each.checksum) for each in offers] == [
        ("hooks/backup", "hook", 300, ""),
        ("backup", "hook", 30, "ab" * 32),
    ]
    assert offers[0].execution_id == execution_id
    target = await site.one.target(PROJECT, execution_id, NODE)
    assert target.released_at
    assert offers[0].expires_at == target.deadline
    assert (offers[0].expires_at - target.released_at).total_seconds() == 300


@pytest.mark.parametrize(
    ("own", "pickup", "grace"),
    [(1, 10, 5), (2, 20, 5), (7, 70, 7), (29, 290, 29), (30, 300, 30), (31, 300, 30), (86_400, 300, 30)],
)
@pytest.mark.parametrize("waves", [None, WavePlan()])
async def test_who_gives_an_action_little_time_waits_little_for_it(
    site: ActionSite, own: int, pickup: int, grace: int, waves: WavePlan | None
) -> None:
    execution_id = await site.dispatched(node_id=NODE, timeout_seconds=own, waves=waves)
    offered = await site.one.target(PROJECT, execution_id, NODE)
    await site.one.acknowledge(DOMAIN, NODE, str(execution_id), True, "")
    taken_up = await site.one.target(PROJECT, execution_id, NODE)

    assert offered.deadline
    assert offered.released_at
    assert taken_up.deadline
    assert offered.deadline - offered.released_at == timedelta(seconds=pickup)
    assert taken_up.deadline - taken_up.updated_at == timedelta(seconds=own + grace)


async def test_a_large_cohort_is_told_in_rows_of_a_bounded_size(
    site: ActionSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "MOST_RECIPIENTS", 2)
    await site.dispatched()

    assert await site.run(TOLD) == [(2,), (1,)]


async def test_executions_are_listed_in_the_order_of_their_making(site: ActionSite) -> None:
    made = [await site.dispatched(action=each) for each in ("system.info", "hooks/backup", "system.info")]
    await site.finish(made[0], 1, 2, 3)

    async def listed(*asked: Any) -> list[ExecutionId]:
        return [each.id for each in (await site.one.list(PROJECT, *asked)).executions]

    assert await listed(None, None, None, 9) == made
    assert await listed(None, None, made[0], 1) == made[1:2]
    assert await listed(None, "system.info", None, 9) == [made[0], made[2]]
    assert await listed(None, "backup", None, 9) == await listed(None, "hooks/backup", None, 9) == [made[1]]
    assert await listed((await site.one.get(PROJECT, made[0])).status, None, None, 9) == [made[0]]
    assert not (await site.one.list(PROJECT, None, None, None, 2)).is_last
    assert (await site.one.list(OTHER_PROJECT, None, None, None, 2)).executions == ()
    with pytest.raises(ProjectNotFound):
        await site.one.list(NOWHERE, None, None, None, 2)


async def test_an_execution_comes_back_as_it_was_dispatched(site: ActionSite) -> None:
    site.fleet.announce(replace(BACKUP, parameters=(ParameterDefinition("target", "string", required=True),)))
    plan = WavePlan(canary=1, percent=50, max_failures=2)
    execution_id = await site.dispatched(
        action="backup", type="hook", parameters={"target": "/srv"}, waves=plan, timeout_seconds=7
    )
    execution = await site.one.get(PROJECT, execution_id)

    assert (execution.action, execution.type, execution.waves) == ("hooks/backup", ActionType.HOOK, plan)
    assert (execution.parameters, execution.size) == ('{"target":"/srv"}', 3)
    assert [each.timeout_seconds for each in execution.targets] == [7, 7, 7]
    assert [bool(each.released_at) for each in execution.targets] == [True, False, False]
    assert not execution.has_ended
