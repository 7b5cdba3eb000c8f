"""Making, showing, listing and removing policies."""

from dataclasses import replace
from uuid import UUID

import pytest

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.policy.application.ensure_default_policy import SLUG, EnsureDefaultPolicy
from plexsphere.policy.application.list_policies import ListPolicies
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.domain.errors import (
    CidrFamilyMismatch,
    ConfirmationRequired,
    InvalidRule,
    InvalidSlug,
    PolicyError,
    PolicyNotFound,
    PolicySlugTaken,
    PolicyTooLarge,
    PortRangeInverted,
    ProjectNotFound,
    SelectorSyntaxError,
    UnknownAction,
    UnknownProtocol,
)
from tests.support.identity import EPOCH
from tests.support.memory_policies import MemoryPolicies
from tests.support.policy import AUTHOR, DOMAIN, OTHER_PROJECT, PROJECT, a_draft, a_rule
from tests.support.policy_desk import PolicyDesk
from tests.unit.policy import fleets

MISSING_PROJECT = ProjectId(UUID(int=0x404))
MISSING_POLICY = PolicyId(UUID(int=0x404))


class NeverSeen(MemoryPolicies):
    """Has not yet seen what another process commits at this moment."""

    async def was_ever(self, domain_id: DomainId, project_id: ProjectId, slug: str, /) -> bool:
        return False


async def a_desk(nodes: int = 3) -> PolicyDesk:
    desk = PolicyDesk()
    await desk.follow()
    for number in range(nodes):
        desk.views.index(DOMAIN).put_member(fleets.member(number))
    return desk


async def a_desk_where_all_see_all(nodes: int) -> tuple[PolicyDesk, PolicyId]:
    desk = await a_desk(nodes)
    created = await desk.create(a_draft())
    await desk.catch_up()
    return desk, created.policy.id


async def test_a_new_policy_is_its_first_revision_by_whom_and_why() -> None:
    desk = await a_desk()

    created = await desk.create(replace(a_draft(source="b=1,a=1"), correlation_id="c-1", display_name="Web"))

    policy = created.policy
    assert (await desk.get(PROJECT, policy.id)).policy == policy
    assert (policy.display_name, policy.created_at, policy.updated_at) == ("Web", EPOCH, EPOCH)
    assert (policy.head.number, policy.head.parent_id, policy.head.created_at) == (1, None, EPOCH)
    assert (policy.head.created_by, policy.head.correlation_id) == (str(AUTHOR), "c-1")
    assert policy.head.selector.source.text == "a=1,b=1"


async def test_a_new_policy_is_told_with_the_pairs_it_makes_visible() -> None:
    desk = await a_desk(nodes=3)

    created = await desk.create(a_draft())

    [(domain_id, policy_id, difference)] = desk.told
    assert (domain_id, policy_id) == (DOMAIN, created.policy.id)
    assert (difference.pairs_gained, difference.pairs_lost, len(difference.recompiled)) == (3, 0, 3)


async def test_the_index_changes_with_the_log_and_not_with_the_use_case() -> None:
    desk = await a_desk(nodes=2)

    await desk.create(a_draft())
    assert desk.views.index(DOMAIN).pairs() == 0

    await desk.catch_up()
    assert desk.views.index(DOMAIN).pairs() == 1


async def test_a_turn_makes_up_for_a_view_that_lags_behind() -> None:
    desk = await a_desk(nodes=3)
    await desk.create(a_draft(slug="first"))

    await desk.create(a_draft(slug="second"))

    assert desk.told[-1][2].pairs_before == 3
    assert desk.told[-1][2].pairs_gained == 0


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        (a_draft(a_rule("permit")), UnknownAction),
        (a_draft(a_rule(protocol="sctp")), UnknownProtocol),
        (a_draft(replace(a_rule(), source_cidr="::/0")), CidrFamilyMismatch),
        (a_draft(a_rule(protocol="tcp", ports=(443, 80))), PortRangeInverted),
        (a_draft(a_rule(protocol="tcp")), InvalidRule),
        (a_draft(*[a_rule()] * 1025), InvalidRule),
        (replace(a_draft(), rules=()), InvalidRule),
        (a_draft(source=""), SelectorSyntaxError),
        (a_draft(destination="a="), SelectorSyntaxError),
        (a_draft(slug="Web"), InvalidSlug),
    ],
)
async def test_what_is_no_policy_is_refused_before_anything_is_asked(
    draft: PolicyDraft, refusal: type[PolicyError]
) -> None:
    desk = PolicyDesk()

    with pytest.raises(refusal):
        await desk.create(draft)
    assert desk.store.asked == 0


async def test_a_slug_is_taken_once_in_a_project() -> None:
    desk = await a_desk()
    await desk.create(a_draft(slug="web"))

    with pytest.raises(PolicySlugTaken):
        await desk.create(a_draft(slug="web"))
    await desk.create(a_draft(slug="web", project=OTHER_PROJECT))

    assert len(desk.told) == 2


async def test_a_policy_needs_a_project_and_a_domain_that_are_there() -> None:
    desk = await a_desk()

    with pytest.raises(ProjectNotFound):
        await desk.create(a_draft(project=MISSING_PROJECT))
    desk.turn.gone.add(DOMAIN)
    with pytest.raises(ProjectNotFound):
        await desk.create(a_draft())
    assert desk.store.state.policies == {}


async def test_a_denial_that_takes_most_away_needs_a_confirmation() -> None:
    """D34: more than half of the visible pairs, and at least 100."""
    desk, _ = await a_desk_where_all_see_all(nodes=15)
    denial = a_draft(a_rule("deny"), slug="no")

    with pytest.raises(ConfirmationRequired) as refused:
        await desk.create(denial)
    assert (refused.value.pairs_lost, refused.value.pairs_before) == (105, 105)
    assert len(desk.store.state.policies) == 1

    await desk.create(replace(denial, confirm=True))
    assert desk.told[-1][2].pairs_lost == 105


async def test_a_policy_that_is_too_much_for_a_node_is_refused_and_changes_nothing() -> None:
    """Each of five scattered nodes would have 1,024 rules to and from five ranges (decision 0035)."""
    desk = await a_desk(nodes=0)
    for number in range(5):
        desk.views.index(DOMAIN).put_member(fleets.member(number, address=2 * number))
    everything = tuple(a_rule("allow", "tcp", ports=(port, port)) for port in range(1, 1025))

    with pytest.raises(PolicyTooLarge) as refused:
        await desk.create(replace(a_draft(), rules=everything))

    assert (refused.value.rules, refused.value.most) == (10_240, 10_000)
    assert desk.store.state.policies == {}
    await desk.create(replace(a_draft(), rules=everything[:1000]))


async def test_a_removal_that_takes_most_away_needs_a_confirmation() -> None:
    """D34: more than half of the visible pairs, and at least 100."""
    desk, policy_id = await a_desk_where_all_see_all(nodes=15)

    with pytest.raises(ConfirmationRequired):
        await desk.delete(PROJECT, policy_id, confirm=False)
    assert (await desk.get(PROJECT, policy_id)).policy.id == policy_id
    assert len(desk.told) == 1

    assert await desk.delete(PROJECT, policy_id, confirm=True) == DOMAIN
    assert desk.told[-1][2].pairs_lost == 105


async def test_a_removal_that_takes_little_away_needs_none() -> None:
    """D34: fewer than 100 pairs vanish."""
    desk, policy_id = await a_desk_where_all_see_all(nodes=14)

    await desk.delete(PROJECT, policy_id, confirm=False)
    await desk.catch_up()

    assert desk.views.index(DOMAIN).pairs() == 0
    with pytest.raises(PolicyNotFound):
        await desk.get(PROJECT, policy_id)


async def test_a_policy_of_another_project_is_not_found() -> None:
    desk = await a_desk()
    policy_id = (await desk.create(a_draft())).policy.id

    for project, policy in [
        (OTHER_PROJECT, policy_id),
        (MISSING_PROJECT, policy_id),
        (PROJECT, MISSING_POLICY),
    ]:
        with pytest.raises(PolicyNotFound):
            await desk.get(project, policy)
        with pytest.raises(PolicyNotFound):
            await desk.delete(project, policy, confirm=True)
    assert len(desk.told) == 1


async def test_ids_of_nothing_hold_up_no_domain() -> None:
    desk = await a_desk()

    with pytest.raises(PolicyNotFound):
        await desk.delete(PROJECT, MISSING_POLICY, confirm=True)

    assert desk.store.state.revisions == {}


async def test_a_removal_finds_nothing_when_the_domain_went_meanwhile() -> None:
    desk, policy_id = await a_desk_where_all_see_all(nodes=2)
    desk.turn.gone.add(DOMAIN)

    with pytest.raises(PolicyNotFound):
        await desk.delete(PROJECT, policy_id, confirm=True)


async def test_policies_are_listed_by_project_in_the_order_of_their_making() -> None:
    desk = await a_desk()
    made = [(await desk.create(a_draft(slug=slug))).policy.id for slug in ("b", "a", "c")]
    await desk.create(a_draft(project=OTHER_PROJECT))
    list_policies = ListPolicies(desk.projects, desk.policies)

    first = await list_policies(PROJECT, None, 2)
    rest = await list_policies(PROJECT, made[1], 2)

    assert [header.id for header in (*first.headers, *rest.headers)] == made
    assert (first.is_last, rest.is_last) == (False, True)
    with pytest.raises(ProjectNotFound):
        await list_policies(MISSING_PROJECT, None, 2)


async def test_the_store_is_asked_as_often_however_many_policies_and_nodes_there_are() -> None:
    counts = []
    for size in (1, 20):
        desk = await a_desk(nodes=size)
        for number in range(size):
            await desk.create(a_draft(slug=f"p-{number}"))
        desk.store.asked = 0
        created = await desk.create(a_draft(slug="last"))
        await desk.delete(PROJECT, created.policy.id, confirm=True)
        counts.append(desk.store.asked)

    assert counts[0] == counts[1]


async def test_the_default_policy_lets_everybody_see_everybody() -> None:
    desk = await a_desk(nodes=3)

    await EnsureDefaultPolicy(desk.projects, desk.policies, desk.create)(PROJECT)
    await desk.catch_up()

    assert desk.views.index(DOMAIN).pairs() == 3
    [row] = desk.store.state.policies.values()
    assert (row.policy.slug, row.policy.head.created_by) == ("default-allow-all", "platform:plexsphere")


async def test_a_second_boot_makes_no_second_default_policy_and_revives_no_removed_one() -> None:
    desk = await a_desk()
    ensure = EnsureDefaultPolicy(desk.projects, desk.policies, desk.create)
    created = await ensure(PROJECT)
    again = await ensure(PROJECT)
    [row] = desk.store.state.policies.values()
    assert created is not None
    assert (created.domain_id, created.policy, again) == (DOMAIN, row.policy, None)

    await desk.delete(PROJECT, row.policy.id, confirm=True)
    await ensure(PROJECT)

    assert (await desk.policies.all_of(DOMAIN)).policies == ()
    with pytest.raises(ProjectNotFound):
        await ensure(MISSING_PROJECT)


async def test_two_processes_that_boot_at_once_make_one_default_policy() -> None:
    desk = await a_desk()
    await desk.create(a_draft(slug=SLUG))
    ensure = EnsureDefaultPolicy(desk.projects, NeverSeen(desk.store), desk.create)

    with pytest.raises(PolicySlugTaken):
        await ensure(PROJECT)

    assert len(desk.store.state.policies) == 1
