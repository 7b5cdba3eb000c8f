"""What policies say and said, answered by the use cases of policy."""

import asyncio
from uuid import UUID

from plexsphere.api.callers import Caller, Permitted
from plexsphere.api.paging import PageRequest
from plexsphere.composition.bridges.policy_history import PolicyHistoryBridge
from plexsphere.platform.kernel.subjects import project_object
from plexsphere.policy.application.diff_policy_revisions import DiffPolicyRevisions
from plexsphere.policy.application.get_policy_revision import GetPolicyRevision
from plexsphere.policy.application.list_policy_revisions import ListPolicyRevisions
from tests.support.policy import AUTHOR, PROJECT, a_change, a_draft, a_rule
from tests.support.policy_desk import PolicyDesk

PERMITTED = Permitted(
    Caller(AUTHOR, UUID(AUTHOR.id), None), "read", project_object(PROJECT), "policy.revisions.list"
)


async def test_others_have_their_turn_between_any_two_revisions_of_a_page() -> None:
    desk = PolicyDesk()
    await desk.follow()
    policy = (await desk.create(a_draft())).policy
    for port in range(1, 8):
        await desk.update(a_change(policy.id, a_rule("allow", "tcp", (port, port))))
    find = GetPolicyRevision(desk.get, desk.policies)
    bridge = PolicyHistoryBridge(
        ListPolicyRevisions(desk.get, desk.policies), find, DiffPolicyRevisions(find)
    )
    turns: list[int] = []

    async def take_turns() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    other = asyncio.create_task(take_turns())
    page = await bridge.page(PERMITTED, PROJECT, policy.id, PageRequest(200, ""))
    other.cancel()

    assert len(page.rows) == 8
    assert len(turns) >= 7
