"""Giving policies other revisions, and looking at those they had."""

from dataclasses import replace
from uuid import UUID

import pytest

from plexsphere.platform.kernel.ids import PolicyId
from plexsphere.policy.application.diff_policy_revisions import DiffPolicyRevisions
from plexsphere.policy.application.get_policy_revision import GetPolicyRevision
from plexsphere.policy.application.list_policy_revisions import ListPolicyRevisions
from plexsphere.policy.application.policy_change import PolicyChange
from plexsphere.policy.domain.errors import (
    ConfirmationRequired,
    InvalidRule,
    PolicyError,
    PolicyNotFound,
    PolicyTooLarge,
    RevisionConflict,
    RevisionNotVisible,
    SelectorSyntaxError,
    UnknownAction,
)
from plexsphere.policy.domain.policy import NetworkPolicy, RevisionId
from tests.support.policy import AUTHOR, DOMAIN, OTHER_PROJECT, PROJECT, a_change, a_draft, a_rule
from tests.support.policy_desk import PolicyDesk
from tests.unit.policy import fleets

MISSING_POLICY = PolicyId(UUID(int=0x404))
MISSING_REVISION = RevisionId(UUID(int=0x404))
HTTP = a_rule("allow", "tcp", (80, 80))


async def a_desk_with_a_policy(nodes: int = 3) -> tuple[PolicyDesk, NetworkPolicy]:
    desk = PolicyDesk()
    await desk.follow()
    for number in range(nodes):
        desk.views.index(DOMAIN).put_member(fleets.member(number, app="web" if number % 2 else "db"))
    created = await desk.create(replace(a_draft(), display_name="All"))
    await desk.catch_up()
    desk.told.clear()
    return desk, created.policy


async def test_a_change_is_a_new_revision_upon_the_former_head() -> None:
    desk, policy = await a_desk_with_a_policy()
    desk.clock.advance(seconds=60)

    change = replace(a_change(policy.id, HTTP, source="app=web"), correlation_id="c-2")
    updated = (await desk.update(change)).policy

    assert (await desk.get(PROJECT, policy.id)).policy == updated
    assert (updated.head.number, updated.head.parent_id) == (2, policy.head.id)
    assert updated.head.selector.source.text == "app=web"
    assert updated.head.rules == (HTTP.rule(),)
    assert (updated.head.created_by, updated.head.correlation_id) == (str(AUTHOR), "c-2")
    assert (updated.created_at, updated.display_name) == (policy.created_at, "All")
    assert updated.updated_at == updated.head.created_at == desk.clock.now()


async def test_a_change_is_told_with_exactly_the_pairs_it_takes_and_gives() -> None:
    desk, policy = await a_desk_with_a_policy(nodes=4)

    await desk.update(a_change(policy.id, source="app=web", destination="app=web"))

    [(domain_id, policy_id, difference)] = desk.told
    assert (domain_id, policy_id) == (DOMAIN, policy.id)
    assert (difference.pairs_before, difference.pairs_gained, difference.pairs_lost) == (6, 0, 5)
    await desk.catch_up()
    assert desk.views.index(DOMAIN).pairs() == 1


async def test_what_is_said_already_makes_no_revision_and_is_told_to_nobody() -> None:
    desk, policy = await a_desk_with_a_policy()
    desk.clock.advance(seconds=60)

    again = (await desk.update(a_change(policy.id))).policy

    assert again == policy
    assert (await desk.get(PROJECT, policy.id)).policy == policy
    assert desk.told == []


@pytest.mark.parametrize(("name", "kept"), [("Web", "Web"), ("", None), (None, "All")])
async def test_a_name_may_change_alone_and_is_told_to_nobody(name: str | None, kept: str | None) -> None:
    desk, policy = await a_desk_with_a_policy()
    desk.clock.advance(seconds=60)

    await desk.update(replace(a_change(policy.id), display_name=name))

    found = (await desk.get(PROJECT, policy.id)).policy
    assert (found.display_name, found.head) == (kept, policy.head)
    assert found.updated_at == (policy.updated_at if name is None else desk.clock.now())
    assert desk.told == []


async def test_a_name_changes_with_what_is_said() -> None:
    desk, policy = await a_desk_with_a_policy()

    updated = (await desk.update(replace(a_change(policy.id, HTTP), display_name="Web"))).policy

    assert (await desk.get(PROJECT, policy.id)).policy == updated
    assert (updated.display_name, updated.head.number) == ("Web", 2)


async def test_a_change_written_upon_another_head_is_refused_and_changes_nothing() -> None:
    desk, policy = await a_desk_with_a_policy()
    change = replace(a_change(policy.id, HTTP), expected_head=policy.head.id)
    await desk.update(change)
    desk.told.clear()

    for late in (change, replace(a_change(policy.id), expected_head=policy.head.id)):
        with pytest.raises(RevisionConflict):
            await desk.update(late)

    assert (await desk.get(PROJECT, policy.id)).policy.head.number == 2
    assert desk.told == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (a_change(MISSING_POLICY, a_rule("permit")), UnknownAction),
        (a_change(MISSING_POLICY, source=""), SelectorSyntaxError),
        (a_change(MISSING_POLICY, *[a_rule()] * 1025), InvalidRule),
        (
            replace(a_change(MISSING_POLICY), wording=replace(a_change(MISSING_POLICY).wording, rules=())),
            InvalidRule,
        ),
    ],
)
async def test_what_no_policy_can_say_is_refused_before_anything_is_asked(
    change: PolicyChange, refusal: type[PolicyError]
) -> None:
    desk = PolicyDesk()

    with pytest.raises(refusal):
        await desk.update(change)
    assert desk.store.asked == 0


async def test_a_change_that_takes_most_away_needs_a_confirmation() -> None:
    """D34: more than half of the visible pairs, and at least 100."""
    desk, policy = await a_desk_with_a_policy(nodes=15)
    denial = a_change(policy.id, a_rule("deny"))

    with pytest.raises(ConfirmationRequired) as refused:
        await desk.update(denial)
    assert (refused.value.pairs_lost, refused.value.pairs_before) == (105, 105)
    assert (await desk.get(PROJECT, policy.id)).policy == policy

    await desk.update(replace(denial, confirm=True))
    assert desk.told[-1][2].pairs_lost == 105


async def test_a_change_that_is_too_much_for_a_node_is_refused_and_changes_nothing() -> None:
    """Each of five scattered nodes would have 1,024 rules to and from five ranges (decision 0035)."""
    desk, policy = await a_desk_with_a_policy(nodes=0)
    for number in range(5):
        desk.views.index(DOMAIN).put_member(fleets.member(number, address=2 * number))
    everything = tuple(a_rule("allow", "tcp", ports=(port, port)) for port in range(1, 1025))

    with pytest.raises(PolicyTooLarge):
        await desk.update(a_change(policy.id, *everything))

    assert (await desk.get(PROJECT, policy.id)).policy == policy
    await desk.update(a_change(policy.id, *everything[:1000]))


async def test_nobody_changes_a_policy_that_is_elsewhere_or_gone_and_ids_of_nothing_hold_up_no_domain() -> (
    None
):
    desk, policy = await a_desk_with_a_policy()
    turns = dict(desk.store.state.revisions)

    for change in (a_change(policy.id, project=OTHER_PROJECT), a_change(MISSING_POLICY)):
        with pytest.raises(PolicyNotFound):
            await desk.update(change)
    assert desk.store.state.revisions == turns
    desk.turn.gone.add(DOMAIN)
    with pytest.raises(PolicyNotFound):
        await desk.update(a_change(policy.id, HTTP))


async def test_revisions_are_listed_newest_first() -> None:
    desk, policy = await a_desk_with_a_policy()
    for port in (1, 2, 3):
        await desk.update(a_change(policy.id, a_rule("allow", "tcp", (port, port))))
    listed = ListPolicyRevisions(desk.get, desk.policies)

    first = await listed(PROJECT, policy.id, None, 3)
    rest = await listed(PROJECT, policy.id, first.revisions[-1].number, 3)

    assert [each.number for each in first.revisions] == [4, 3, 2]
    assert rest.revisions == (policy.head,)
    assert (first.is_last, rest.is_last) == (False, True)
    with pytest.raises(PolicyNotFound):
        await listed(OTHER_PROJECT, policy.id, None, 3)


async def test_a_revision_of_another_policy_is_not_told_apart_from_none() -> None:
    desk, policy = await a_desk_with_a_policy()
    other = (await desk.create(a_draft(slug="other"))).policy
    shown = GetPolicyRevision(desk.get, desk.policies)

    assert await shown(PROJECT, policy.id, policy.head.id) == policy.head
    refusals = []
    for revision_id in (other.head.id, MISSING_REVISION):
        with pytest.raises(RevisionNotVisible) as refused:
            await shown(PROJECT, policy.id, revision_id)
        refusals.append(str(refused.value))
    assert refusals[0] == refusals[1]
    with pytest.raises(PolicyNotFound):
        await shown(OTHER_PROJECT, policy.id, policy.head.id)


async def test_revisions_are_compared_in_the_direction_asked_for() -> None:
    desk, policy = await a_desk_with_a_policy()
    head = (await desk.update(a_change(policy.id, a_rule("deny"), HTTP))).policy.head
    compared = DiffPolicyRevisions(GetPolicyRevision(desk.get, desk.policies))

    there = await compared(PROJECT, policy.id, policy.head.id, head.id)
    back = await compared(PROJECT, policy.id, head.id, policy.head.id)

    assert (there.added, there.removed) == ((HTTP.rule(),), ())
    assert (back.added, back.removed) == ((), (HTTP.rule(),))
    assert [(each.before.action, each.after.action) for each in there.modified] == [("allow", "deny")]
    with pytest.raises(RevisionNotVisible):
        await compared(PROJECT, policy.id, policy.head.id, MISSING_REVISION)
