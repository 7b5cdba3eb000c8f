"""Policy tests are kept with their policies, and no change of one breaks a test of another."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest

from plexsphere.platform.kernel.ids import PolicyId
from plexsphere.policy.domain.errors import PolicyTestBroken, TooManyPolicyTests
from tests.support.policy import DOMAIN, OTHER_PROJECT, PROJECT, a_change, a_draft, a_rule, a_test
from tests.support.policy_desk import PolicyDesk
from tests.unit.policy import fleets

DENY = a_rule("deny")
WEB_TO_DB = a_test("web to db", "app=web", "app=db")
NOTHING_BACK = a_test("nothing back", "app=db", "app=web", "deny")


async def a_desk() -> tuple[PolicyDesk, PolicyId]:
    """Two web servers that may talk to two databases, and a policy that says so and tests it."""
    desk = PolicyDesk()
    await desk.follow()
    for number in range(4):
        desk.views.index(DOMAIN).put_member(fleets.member(number, app="web" if number < 2 else "db"))
    draft = a_draft(source="app=web", destination="app=db", tests=(WEB_TO_DB, NOTHING_BACK))
    created = await desk.create(draft)
    await desk.catch_up()
    return desk, created.policy.id


async def refused(desk: PolicyDesk, change: Awaitable[Any]) -> tuple[str, str]:
    """Return slug and name of the test that a change would break; nothing changed."""
    before = desk.store.state.copy()
    with pytest.raises(PolicyTestBroken) as refusal:
        await change
    assert desk.store.state == before
    return refusal.value.slug, refusal.value.name


async def test_tests_are_kept_with_the_revision_that_brought_them() -> None:
    desk, policy_id = await a_desk()

    kept = (await desk.update(a_change(policy_id, a_rule("allow", "icmp"), source="app=web"))).policy
    dropped = (await desk.update(a_change(policy_id, source="app=web", tests=()))).policy

    assert kept.head.tests == (WEB_TO_DB.test(), NOTHING_BACK.test())
    assert dropped.head.tests == ()
    assert (await desk.policies.get_revision(DOMAIN, policy_id, kept.head.id)) == kept.head


async def test_other_tests_alone_are_another_revision() -> None:
    desk, policy_id = await a_desk()
    change = a_change(policy_id, source="app=web", destination="app=db")

    assert (await desk.update(change)).policy.head.number == 1
    assert (
        await desk.update(replace(change, wording=replace(change.wording, tests=())))
    ).policy.head.number == 2


async def test_a_policy_comes_with_tests_that_hold_or_not_at_all() -> None:
    desk, _ = await a_desk()

    tests = (a_test("web apart", "app=web", "app=web", "deny"),)
    draft = a_draft(slug="ping", source="app=web", destination="app=web", tests=tests)

    assert await refused(desk, desk.create(draft)) == ("ping", "web apart")


async def test_no_update_brings_a_test_that_does_not_hold() -> None:
    desk, policy_id = await a_desk()
    change = a_change(
        policy_id, source="app=web", destination="app=db", tests=(a_test("all talk"), WEB_TO_DB)
    )

    assert await refused(desk, desk.update(change)) == ("web", "all talk")


async def test_a_new_policy_breaks_no_test_of_another() -> None:
    desk, _ = await a_desk()

    assert await refused(desk, desk.create(a_draft(DENY, slug="no"))) == ("web", "web to db")
    assert await refused(desk, desk.create(a_draft(slug="all"))) == ("web", "nothing back")


async def test_no_update_breaks_a_test_of_its_own_policy() -> None:
    desk, policy_id = await a_desk()

    change = a_change(policy_id, source="app=db", destination="app=web")

    assert await refused(desk, desk.update(change)) == ("web", "web to db")


async def test_no_removal_breaks_a_test_of_another_policy_and_its_own_go_with_it() -> None:
    desk, policy_id = await a_desk()
    other = (await desk.create(a_draft(slug="twin", source="app=web", destination="app=db"))).policy.id
    await desk.catch_up()
    await desk.delete(PROJECT, policy_id, confirm=False)
    await desk.catch_up()

    test = a_test("twin's own", "app=web", "app=db")
    await desk.create(a_draft(a_rule("log"), slug="watcher", tests=(test,)))
    await desk.catch_up()

    assert await refused(desk, desk.delete(PROJECT, other, confirm=True)) == ("watcher", "twin's own")


async def test_a_test_speaks_of_the_nodes_of_its_project_alone() -> None:
    desk, _ = await a_desk()
    desk.views.index(DOMAIN).put_member(fleets.member(7, project=OTHER_PROJECT, app="db"))

    await desk.create(a_draft(slug="all", project=OTHER_PROJECT))
    await desk.create(a_draft(DENY, slug="none", project=OTHER_PROJECT))


async def test_nodes_come_and_change_whatever_tests_say_and_what_fails_by_them_blocks_no_other_change() -> (
    None
):
    desk = PolicyDesk()
    await desk.follow()
    index = desk.views.index(DOMAIN)
    index.put_member(fleets.member(0, app="web"))
    index.put_member(fleets.member(1, app="db"))
    near = replace(a_rule(), source_cidr="10.100.0.0/24")
    draft = a_draft(near, source="app=web", destination="app=db", tests=(WEB_TO_DB,))
    policy_id = (await desk.create(draft)).policy.id
    await desk.catch_up()

    # A web server from which nothing is allowed: the test fails, and nobody's change is to blame.
    index.put_member(fleets.member(2, address=1 << 12, app="web"))
    await desk.create(a_draft(a_rule("allow", "icmp"), slug="ping", source="app=db", destination="app=db"))
    await desk.update(a_change(policy_id, near, a_rule("log"), source="app=web", destination="app=db"))
    await desk.catch_up()

    assert await refused(desk, desk.create(a_draft(DENY, slug="no"))) == ("web", "web to db")


async def test_a_test_of_nobody_holds() -> None:
    desk, _ = await a_desk()

    await desk.create(
        a_draft(
            a_rule("log"), slug="nobody", tests=(a_test("ghosts", "app=ghost"), a_test("alone", "x", "x"))
        )
    )


async def test_a_project_has_no_more_tests_than_are_judged() -> None:
    desk, _ = await a_desk()
    for number in range(8):
        tests = tuple(a_test(f"t-{test}", "ghost") for test in range(63))
        await desk.create(a_draft(a_rule("log"), slug=f"p-{number}", tests=tests))
    await desk.create(
        a_draft(a_rule("log"), slug="last", tests=tuple(a_test(f"{n}", "ghost") for n in range(6)))
    )

    with pytest.raises(TooManyPolicyTests) as refusal:
        await desk.create(a_draft(a_rule("log"), slug="more", tests=(a_test("one", "ghost"),)))
    assert (refusal.value.tests, refusal.value.most) == (513, 512)
