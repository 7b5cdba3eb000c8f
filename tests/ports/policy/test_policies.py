"""Policies come back as they were kept, and what changed behind a revision is read whole."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.policy.domain.errors import PolicySlugTaken, ProjectNotFound, RevisionConflict
from plexsphere.policy.domain.policy import NetworkPolicy, RevisionId
from plexsphere.policy.ports.policies import REVISIONS_KEPT, PolicyReading
from tests.support.memory_policies import PolicyKit, header_of
from tests.support.policy import DOMAIN, FOREIGN_PROJECT, OTHER_DOMAIN, OTHER_PROJECT, PROJECT
from tests.unit.policy import fleets

NOBODYS = PolicyId(UUID(int=0x404))
LATER = fleets.NOON + timedelta(days=1, microseconds=7)


def a_policy(number: int, project: ProjectId = PROJECT, slug: str | None = None) -> NetworkPolicy:
    policy = fleets.policy(number, project=project)
    return replace(policy, slug=slug) if slug else policy


def ids(reading: PolicyReading) -> list[PolicyId]:
    return [policy.id for policy in reading.policies]


async def test_a_policy_comes_back_as_it_was_kept(kit: PolicyKit) -> None:
    rules = [
        fleets.rule("deny", "tcp", "10.100.0.0/24", "10.100.1.0/24", (80, 443)),
        fleets.rule("allow", "icmp"),
        fleets.rule("log", "udp", "fd00::/8", "fd00::/8", (53, 53)),
    ]
    tests = (
        fleets.claim("web to db", source="app=web", destination="10.100.0.7", protocol="tcp", port=5432),
        fleets.claim("nobody to edge", destination="edge", expect="deny"),
        fleets.claim("ping", protocol="icmp"),
    )
    plain = fleets.policy(1, *rules, source="app in (web,db),!edge", destination="zone=a", tests=tests)
    policy = replace(
        plain,
        display_name="Web to database",
        updated_at=LATER,
        head=replace(plain.head, correlation_id="c-1", created_by="user:x"),
    )
    await kit.policies.add(DOMAIN, policy, 7)

    assert await kit.policies.get(DOMAIN, policy.id) == policy
    assert await kit.policies.all_of(DOMAIN) == PolicyReading(0, 7, (policy,))
    assert await kit.policies.changed(DOMAIN, 6) == PolicyReading(6, 7, (policy,))


async def test_nobody_finds_a_policy_that_is_not_there_or_elsewhere(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1), 1)

    assert await kit.policies.get(DOMAIN, NOBODYS) is None
    assert await kit.policies.get(OTHER_DOMAIN, fleets.policy_id(1)) is None


async def test_a_slug_names_one_policy_of_a_project(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1, slug="web"), 1)

    with pytest.raises(PolicySlugTaken):
        async with kit.unit_of_work():
            await kit.policies.add(DOMAIN, a_policy(2, slug="web"), 2)
    assert await kit.policies.get(DOMAIN, fleets.policy_id(2)) is None
    await kit.policies.add(DOMAIN, a_policy(3, OTHER_PROJECT, slug="web"), 2)


async def test_the_slug_of_a_deleted_policy_is_free_again(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1, slug="web"), 1)
    await kit.policies.delete(DOMAIN, fleets.policy_id(1), 2)

    await kit.policies.add(DOMAIN, a_policy(2, slug="web"), 3)

    assert ids(await kit.policies.all_of(DOMAIN)) == [fleets.policy_id(2)]


async def test_a_policy_needs_a_project_of_its_domain(kit: PolicyKit) -> None:
    for project in (FOREIGN_PROJECT, ProjectId(UUID(int=0x404))):
        with pytest.raises(ProjectNotFound):
            async with kit.unit_of_work():
                await kit.policies.add(DOMAIN, a_policy(1, project), 1)


async def test_pages_hold_the_headers_of_one_project_in_the_order_of_ids(kit: PolicyKit) -> None:
    for number in (3, 1, 2, 4):
        await kit.policies.add(DOMAIN, a_policy(number), number)
    await kit.policies.add(DOMAIN, a_policy(5, OTHER_PROJECT), 5)
    await kit.policies.delete(DOMAIN, fleets.policy_id(2), 6)

    first = await kit.policies.page(DOMAIN, PROJECT, None, 2)
    rest = await kit.policies.page(DOMAIN, PROJECT, first.headers[-1].id, 2)

    assert first.headers == tuple(header_of(a_policy(number)) for number in (1, 3))
    assert [header.id for header in rest.headers] == [fleets.policy_id(4)]
    assert (first.is_last, rest.is_last) == (False, True)


async def test_a_page_that_ends_the_list_says_so(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1), 1)

    assert (await kit.policies.page(DOMAIN, PROJECT, None, 1)).is_last
    assert (await kit.policies.page(DOMAIN, OTHER_PROJECT, None, 1)).headers == ()


async def test_a_deleted_policy_is_gone_and_deleting_it_again_says_so(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1), 1)

    assert await kit.policies.delete(OTHER_DOMAIN, fleets.policy_id(1), 2) is False
    assert await kit.policies.delete(DOMAIN, fleets.policy_id(1), 2) is True
    assert await kit.policies.delete(DOMAIN, fleets.policy_id(1), 3) is False
    assert await kit.policies.get(DOMAIN, fleets.policy_id(1)) is None
    assert await kit.policies.all_of(DOMAIN) == PolicyReading(0, 2, ())


async def test_a_reading_holds_exactly_what_changed_behind_its_revision(kit: PolicyKit) -> None:
    for number in (1, 2, 3):
        await kit.policies.add(DOMAIN, a_policy(number), number)
    await kit.policies.add(OTHER_DOMAIN, a_policy(9, FOREIGN_PROJECT), 9)
    await kit.policies.delete(DOMAIN, fleets.policy_id(1), 5)

    behind_two = await kit.policies.changed(DOMAIN, 2)

    assert behind_two == PolicyReading(2, 5, (a_policy(3),), (fleets.policy_id(1),))
    assert await kit.policies.changed(DOMAIN, 5) == PolicyReading(5, 5, ())
    assert await kit.policies.all_of(DOMAIN) == PolicyReading(0, 5, (a_policy(2), a_policy(3)))
    assert await kit.policies.changed(DomainId(UUID(int=0x404)), 4) == PolicyReading(4, 4, ())


async def test_a_slug_is_remembered_beyond_its_policy(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1, slug="web"), 1)
    await kit.policies.delete(DOMAIN, fleets.policy_id(1), 2)

    assert await kit.policies.was_ever(DOMAIN, PROJECT, "web")
    assert not await kit.policies.was_ever(DOMAIN, PROJECT, "db")
    assert not await kit.policies.was_ever(DOMAIN, OTHER_PROJECT, "web")


async def test_what_was_not_committed_was_never_kept(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1), 1)

    async def fail_in_the_midst() -> None:
        async with kit.unit_of_work():
            await kit.policies.add(DOMAIN, a_policy(2), 2)
            await kit.policies.delete(DOMAIN, fleets.policy_id(1), 3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_in_the_midst()

    assert await kit.policies.all_of(DOMAIN) == PolicyReading(0, 1, (a_policy(1),))


def another(policy: NetworkPolicy, number: int) -> NetworkPolicy:
    """The policy with a revision more."""
    head = replace(fleets.policy(1, fleets.rule("deny"), revision=number).head, created_at=LATER)
    return replace(policy.revised(head), display_name=f"Revision {number}")


async def test_a_policy_comes_back_as_it_was_revised(kit: PolicyKit) -> None:
    policy = a_policy(1)
    await kit.policies.add(DOMAIN, policy, 1)

    revised = another(policy, 2)
    await kit.policies.revise(DOMAIN, revised, 4)

    assert await kit.policies.get(DOMAIN, policy.id) == revised
    assert await kit.policies.changed(DOMAIN, 3) == PolicyReading(3, 4, (revised,))


async def test_nothing_is_revised_upon_a_head_that_is_another_or_gone(kit: PolicyKit) -> None:
    policy = a_policy(1)
    await kit.policies.add(DOMAIN, policy, 1)
    revised = another(policy, 2)
    await kit.policies.revise(DOMAIN, revised, 2)
    late = replace(revised, head=replace(revised.head, id=RevisionId(UUID(int=0x404))))

    with pytest.raises(RevisionConflict):
        await kit.policies.revise(DOMAIN, late, 3)
    with pytest.raises(RevisionConflict):
        await kit.policies.revise(OTHER_DOMAIN, another(revised, 3), 3)
    await kit.policies.delete(DOMAIN, policy.id, 3)
    with pytest.raises(RevisionConflict):
        await kit.policies.revise(DOMAIN, another(revised, 3), 4)

    assert await kit.policies.all_of(DOMAIN) == PolicyReading(0, 3, ())


async def test_a_policy_is_renamed_without_anybody_reading_it_again(kit: PolicyKit) -> None:
    policy = a_policy(1)
    await kit.policies.add(DOMAIN, policy, 1)

    await kit.policies.rename(DOMAIN, policy.named("Web", LATER))

    assert await kit.policies.get(DOMAIN, policy.id) == policy.named("Web", LATER)
    assert await kit.policies.changed(DOMAIN, 1) == PolicyReading(1, 1, ())
    await kit.policies.rename(DOMAIN, policy)
    assert await kit.policies.get(DOMAIN, policy.id) == policy


async def test_revisions_are_kept_and_paged_newest_first(kit: PolicyKit) -> None:
    policies = [a_policy(1)]
    await kit.policies.add(DOMAIN, policies[0], 1)
    await kit.policies.add(DOMAIN, a_policy(2), 2)
    for number in (2, 3):
        policies.append(another(policies[-1], number))
        await kit.policies.revise(DOMAIN, policies[-1], number + 1)
    heads = [policy.head for policy in reversed(policies)]

    first = await kit.policies.revisions(DOMAIN, policies[0].id, None, 2)
    rest = await kit.policies.revisions(DOMAIN, policies[0].id, 2, 2)

    assert (first.revisions, first.is_last) == (tuple(heads[:2]), False)
    assert (rest.revisions, rest.is_last) == (tuple(heads[2:]), True)
    assert (await kit.policies.revisions(OTHER_DOMAIN, policies[0].id, None, 2)).revisions == ()


async def test_the_newest_thousand_revisions_are_kept(kit: PolicyKit) -> None:
    policies = [a_policy(1)]
    await kit.policies.add(DOMAIN, policies[0], 1)
    for revision, number in enumerate((2, REVISIONS_KEPT, REVISIONS_KEPT + 1), start=2):
        head = replace(fleets.policy(1, revision=number).head, parent_id=policies[-1].head.id)
        policies.append(replace(policies[-1], head=head))
        await kit.policies.revise(DOMAIN, policies[-1], revision)

    page = await kit.policies.revisions(DOMAIN, policies[0].id, None, 200)

    assert [each.number for each in page.revisions] == [REVISIONS_KEPT + 1, REVISIONS_KEPT, 2]
    assert page.is_last
    assert await kit.policies.get_revision(DOMAIN, policies[0].id, policies[0].head.id) is None


async def test_a_page_of_revisions_ends_where_it_has_rules_enough(kit: PolicyKit) -> None:
    policies = [a_policy(1)]
    await kit.policies.add(DOMAIN, policies[0], 1)
    for number in range(2, 7):
        head = fleets.policy(1, *[fleets.rule("deny")] * 1024, revision=number).head
        policies.append(policies[-1].revised(head))
        await kit.policies.revise(DOMAIN, policies[-1], number)

    first = await kit.policies.revisions(DOMAIN, policies[0].id, None, 200)
    rest = await kit.policies.revisions(DOMAIN, policies[0].id, 3, 200)
    one = await kit.policies.revisions(DOMAIN, policies[0].id, 3, 1)

    assert ([each.number for each in first.revisions], first.is_last) == ([6, 5, 4, 3], False)
    assert ([each.number for each in rest.revisions], rest.is_last) == ([2, 1], True)
    assert ([each.number for each in one.revisions], one.is_last) == ([2], False)


async def test_a_revision_is_found_with_its_own_policy_alone(kit: PolicyKit) -> None:
    policy, other = a_policy(1), a_policy(2)
    await kit.policies.add(DOMAIN, policy, 1)
    await kit.policies.add(DOMAIN, other, 2)
    await kit.policies.revise(DOMAIN, another(policy, 2), 3)

    assert await kit.policies.get_revision(DOMAIN, policy.id, policy.head.id) == policy.head
    assert await kit.policies.get_revision(DOMAIN, other.id, policy.head.id) is None
    assert await kit.policies.get_revision(OTHER_DOMAIN, policy.id, policy.head.id) is None
    await kit.policies.delete(DOMAIN, policy.id, 4)
    assert await kit.policies.get_revision(DOMAIN, policy.id, policy.head.id) is None


async def test_policies_end_with_their_project(kit: PolicyKit) -> None:
    await kit.policies.add(DOMAIN, a_policy(1), 1)
    await kit.policies.add(DOMAIN, a_policy(2, OTHER_PROJECT), 2)

    await kit.forget_project(PROJECT)

    assert ids(await kit.policies.all_of(DOMAIN)) == [fleets.policy_id(2)]
