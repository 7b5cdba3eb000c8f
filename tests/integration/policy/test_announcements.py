"""What nodes announce is kept for dispatches and listings, one announcement in place of the other."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.hooks.node_announcements import PostgresNodeAnnouncements
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition
from plexsphere.policy.ports.actions.announced_actions import Announced
from tests.support.authorization import apart, opened
from tests.support.hooks import (
    DOMAIN,
    FOREIGN,
    ONE,
    OTHER_DOMAIN,
    TWO,
    HookScene,
    a_crd,
    a_hook,
    digest,
    said,
)
from tests.support.identity import EPOCH

pytestmark = pytest.mark.postgres

HOOK, BUILTIN = ActionType.HOOK, ActionType.BUILTIN
DISCOVERED = "SELECT node_id, name, image_digest, image_digest_match, is_listed FROM discovered_hooks"
REPORTED = "SELECT reported_at, binary_version, binary_checksum FROM node_announcements"
VERSIONS = "SELECT xmin::text FROM announced_actions ORDER BY name"
HELD = "LOCK TABLE announced_actions, discovered_hooks, hook_baselines, integrity_violations, plexd_artifacts"
OPEN = """
INSERT INTO integrity_violations (
    domain_id, id, node_id, project_id, kind, artifact_id, status, detected_by, detail, expected, observed, detected_at
)
SELECT domain_id, gen_random_uuid(), id, project_id, 'hook', 'backup', %s, 'capabilities', '', '', '', now()
FROM nodes WHERE id = %s
"""


async def test_what_was_announced_is_found_by_type_and_name(scene: HookScene) -> None:
    target = {"name": "target", "type": "string", "required": True}
    compress = {"name": "compress", "type": "bool", "default": "true"}
    hook = a_hook(parameters=[target, compress], timeout="300s", privileged=True)
    await scene.take(said(ONE, hooks=[hook, a_hook("other")], builtin_actions=[{"name": "backup"}]))
    await scene.take(said(TWO, builtin_actions=[{"name": "backup", "parameters": None}]))
    await scene.take(said(FOREIGN, hooks=[a_hook()]))

    found = await scene.actions.of(DOMAIN, HOOK, "backup", [ONE, TWO, FOREIGN])
    parameters = (
        ParameterDefinition("target", "string", required=True),
        ParameterDefinition("compress", "bool", default="true"),
    )
    definition = ActionDefinition(HOOK, "backup", parameters, 300, True, "script", digest(1))
    assert found == {ONE: Announced(definition)}
    assert set(await scene.actions.of(DOMAIN, BUILTIN, "backup", [ONE, TWO])) == {ONE, TWO}
    assert set(await scene.actions.of(OTHER_DOMAIN, HOOK, "backup", [ONE, FOREIGN])) == {FOREIGN}
    assert await scene.actions.of(DOMAIN, HOOK, "Backup", [ONE]) == {}


async def test_what_an_action_takes_is_kept_as_not_known_or_as_nothing(scene: HookScene) -> None:
    told = [{"name": "a", "parameters": None}, {"name": "b"}, {"name": "c", "parameters": []}]
    await scene.take(said(ONE, builtin_actions=told))
    found = [(await scene.actions.of(DOMAIN, BUILTIN, name, [ONE]))[ONE] for name in "abc"]

    assert [each.definition.parameters for each in found] == [None, None, ()]


async def test_an_announcement_replaces_the_one_before_as_a_whole(scene: HookScene) -> None:
    await scene.take(said(ONE, hooks=[a_hook("gone"), a_hook("kept"), a_crd("old"), a_crd("moved")]))
    await scene.take(said(ONE, hooks=[a_hook("kept"), a_crd("moved", digest(2)), a_crd("new")]))

    rows = await scene.rows(DISCOVERED)
    assert sorted(rows) == [(ONE, "moved", digest(2), True, True), (ONE, "new", digest(1), True, True)]
    known = [
        name for name in ("gone", "kept", "old", "moved") if await scene.actions.of(DOMAIN, HOOK, name, [ONE])
    ]
    assert known == ["kept", "moved"]


async def test_an_announcement_that_says_the_same_writes_nothing_but_its_time(scene: HookScene) -> None:
    later = EPOCH + timedelta(hours=1)
    manifest: dict[str, Any] = {
        "binary": {"version": "1.4.2", "checksum": "aa"},
        "hooks": [a_hook(), a_crd()],
    }
    await scene.take(said(ONE, **manifest))
    before = await scene.rows(VERSIONS)
    await scene.take(said(ONE, later, **manifest))

    assert await scene.rows(VERSIONS) == before
    assert await scene.rows(REPORTED) == [(later, "1.4.2", "aa")]


async def test_an_announcement_that_says_the_same_looks_at_nothing_else(
    scene: HookScene, hooks_database: Secret[str]
) -> None:
    """However many nodes announce themselves again and again, nobody waits for anybody over it."""
    manifest: dict[str, Any] = {"hooks": [a_hook(), a_crd()]}
    await scene.take(said(ONE, **manifest))

    async with opened(hooks_database) as elsewhere, elsewhere():
        async with elsewhere.connection() as connection:
            await connection.execute(HELD)
        await apart(asyncio.wait_for(scene.take(said(ONE, EPOCH + timedelta(hours=1), **manifest)), 5))


async def test_a_binary_that_tells_no_checksum_keeps_the_one_of_its_version(scene: HookScene) -> None:
    await scene.take(said(ONE, binary={"version": "1.4.2", "checksum": "aa"}))
    await scene.take(said(ONE, binary={"version": "1.4.2"}))
    same = await scene.rows(REPORTED)
    await scene.take(said(ONE, binary={"version": "1.4.3"}))

    assert same == [(EPOCH, "1.4.2", "aa")]
    assert await scene.rows(REPORTED) == [(EPOCH, "1.4.3", "")]


async def test_a_node_that_leaves_can_do_nothing_and_lists_nothing(scene: HookScene) -> None:
    await scene.take(said(ONE, hooks=[a_hook(), a_crd()]))
    await scene.take(said(TWO, hooks=[a_crd()]))
    await scene.withdraw(DOMAIN, ONE)

    assert [row[0] for row in await scene.rows(DISCOVERED)] == [TWO]
    assert await scene.actions.of(DOMAIN, HOOK, "backup", [ONE]) == {}
    assert len(await scene.rows(REPORTED)) == 1


async def test_what_was_announced_while_the_node_left_is_withdrawn_with_the_rest(
    scene: HookScene, hooks_database: Secret[str]
) -> None:
    await scene.take(said(ONE, hooks=[a_hook(), a_crd()]))

    async with opened(hooks_database) as elsewhere:
        async with scene.database():
            await scene.take(said(ONE, hooks=[a_hook("late"), a_crd("later")]))
            leaving = asyncio.create_task(apart(PostgresNodeAnnouncements(elsewhere).withdraw(DOMAIN, ONE)))
            await asyncio.sleep(0.3)
            waited = not leaving.done()
        await leaving

    assert waited
    assert await scene.rows(DISCOVERED) == []
    assert await scene.actions.of(DOMAIN, HOOK, "late", [ONE]) == {}


@pytest.mark.parametrize(("status", "is_drifted"), [("open", True), ("resolved", False)])
async def test_a_hook_drifted_while_a_violation_of_it_is_open(
    scene: HookScene, status: str, is_drifted: bool
) -> None:
    await scene.take(said(ONE, hooks=[a_hook(), a_hook("other")], builtin_actions=[{"name": "backup"}]))
    await scene.take(said(TWO, hooks=[a_hook()]))
    await scene.rows(OPEN, status, ONE)

    async def drifted(action_type: ActionType, name: str) -> list[bool]:
        found = await scene.actions.of(DOMAIN, action_type, name, [ONE, TWO])
        return [found[each].is_drifted for each in sorted(found)]

    assert await drifted(HOOK, "backup") == [is_drifted, False]
    assert await drifted(HOOK, "other") == [False]
    assert await drifted(BUILTIN, "backup") == [False]
