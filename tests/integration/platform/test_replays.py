"""A replay and the view that it goes on from belong together (design D23)."""

import asyncio

import pytest

from plexsphere.composition.bridges.views import READERS_AT_ONCE, LogReplays
from plexsphere.platform.db.database import Database
from plexsphere.platform.events import follower
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded
from tests.integration.platform.recorder import Recorder, following
from tests.integration.platform.stores import a_domain, announced, opened, row_about
from tests.support.fleet_sight import GroupSight

ASKED = EventType.ACTION_REQUEST

pytestmark = pytest.mark.postgres

NODE = NodeId(mint_id())


async def begun_anew(store: Database, domain_id: DomainId) -> None:
    """End the Domain's log, and begin another."""
    async with store():
        await EventLog(store).close(domain_id)
        await EventLog(store).open(domain_id)


async def test_a_replay_that_a_domain_was_read_anew_in_is_asked_for_again(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H35: the stream would go on behind rows that nobody replayed."""
    monkeypatch.setattr(follower, "WARM_ROWS", 0)
    async with opened(database) as store:
        domain_id, follows = await a_domain(store), following(store, Recorder())
        await announced(store, row_about(domain_id, mint_id()))
        replays = LogReplays(follows, EventLog(store), GroupSight())
        await follows.follow(domain_id)
        for _ in range(READERS_AT_ONCE):
            await replays.readers.acquire()
        asking = asyncio.create_task(replays.since(domain_id, NODE, 0))
        await asyncio.sleep(0)

        await begun_anew(store, domain_id)
        await follows.poll()
        await follows.follow(domain_id)
        for _ in range(READERS_AT_ONCE):
            replays.readers.release()

        with pytest.raises(StoreOverloaded):
            await asking
        assert (await replays.since(domain_id, NODE, 0)).rows == []


async def test_of_what_a_node_was_asked_the_rows_of_the_given_executions_are_found(
    database: Secret[str],
) -> None:
    async with opened(database) as store:
        domain_id, follows = await a_domain(store), following(store, Recorder())
        first, second, third = (ExecutionId(mint_id()) for _ in range(3))
        asked = [
            Announcement(domain_id, SubjectKind.EXECUTION, each, (Frame(ASKED, each),), to)
            for each, to in ((first, (NODE,)), (second, (NODE,)), (third, (NodeId(mint_id()),)))
        ]
        replays = LogReplays(follows, EventLog(store), GroupSight())
        assert replays.asking(domain_id, NODE, [first]) == []
        await announced(store, asked[0], row_about(domain_id, NODE), *asked[1:])
        await follows.follow(domain_id)

        found = replays.asking(domain_id, NODE, [second, third])

        assert [row.offset for row in found] == [3]
        assert replays.asking(domain_id, NODE, []) == []
