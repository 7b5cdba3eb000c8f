"""Views are advanced strictly in log order, whatever writers, sequencers and followers do when (design D17, D18)."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.platform.db.database import Database
from plexsphere.platform.events.follower import Follower
from plexsphere.platform.events.inbox import store as store_rows
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import Announcement
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from tests.integration.platform.recorder import Recorder, following
from tests.integration.platform.stores import a_domain, inbox_of, opened, row_about, sequencer_of

pytestmark = pytest.mark.postgres

FAR: Final = 1_000_000
STEPS: Final = ("write", "write slowly", "let it commit", "sequence", "poll", "catch up", "all at once")
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1)), max_size=40)


@dataclass
class Walk:
    """One Domain, two processes, and transactions that are stored and not committed yet."""

    stores: list[Database]
    domain_id: DomainId
    recorders: list[Recorder] = field(default_factory=lambda: [Recorder(), Recorder()])
    followers: list[Follower] = field(default_factory=list)
    slow: list[tuple[asyncio.Event, asyncio.Task[None]]] = field(default_factory=list)
    written: set[UUID] = field(default_factory=set)

    @classmethod
    async def begun(cls, stores: list[Database]) -> Self:
        walk = cls(stores, await a_domain(stores[0]))
        walk.followers = [following(store, rec) for store, rec in zip(stores, walk.recorders, strict=True)]
        for follower in walk.followers:
            await follower.follow(walk.domain_id)
        return walk

    async def take(self, step: str, where: int) -> None:
        store, follower = self.stores[where], self.followers[where]
        match step:
            case "write":
                async with store():
                    inbox_of(store).announce([self._row()])
            case "write slowly" if len(self.slow) < 2:
                await self._write_slowly(store)
            case "let it commit":
                await self.let_commit()
            case "sequence":
                await sequencer_of(store).sequence()
            case "poll":
                await follower.poll()
            case "catch up":
                await follower.catch_up(self.domain_id, FAR)
            case "all at once":
                either = (follower.poll(), follower.catch_up(self.domain_id, FAR))
                await asyncio.gather(sequencer_of(store).sequence(), *either)

    async def let_commit(self) -> None:
        if self.slow:
            released, task = self.slow.pop(0)
            released.set()
            await task

    async def require_order(self) -> None:
        rows = await EventLog(self.stores[0]).after(self.domain_id, 0, FAR)
        assert [row.offset for row in rows] == list(range(1, len(rows) + 1))
        subjects = [row.subject for row in rows]
        for recorder in self.recorders:
            told = recorder.told[self.domain_id]
            assert told == subjects[: len(told)]

    async def end(self) -> None:
        while self.slow:
            await self.let_commit()
        while await sequencer_of(self.stores[0]).sequence():
            pass
        for follower, recorder in zip(self.followers, self.recorders, strict=True):
            await follower.poll()
            assert set(recorder.told[self.domain_id]) == self.written
        await self.require_order()

    async def _write_slowly(self, store: Database) -> None:
        stored, released = asyncio.Event(), asyncio.Event()
        row = self._row()

        async def hold() -> None:
            async with store():
                async with store.connection() as connection:
                    await store_rows(connection, [row])
                stored.set()
                await released.wait()

        self.slow.append((released, asyncio.create_task(hold())))
        await stored.wait()

    def _row(self) -> Announcement:
        row = row_about(self.domain_id, mint_id())
        self.written.add(row.subject)
        return row


def test_every_view_is_told_a_prefix_of_the_log_at_any_time_and_all_of_it_in_the_end(
    database: Secret[str],
) -> None:
    """C25: late commits, two sequencers and two followers in any order; no row is lost, doubled or early."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        stores = [runner.run(stack.enter_async_context(opened(database))) for _ in range(2)]

        @settings(max_examples=30, database=None, deadline=None)
        @given(steps)
        def hold(given_steps: list[tuple[str, int]]) -> None:
            runner.run(_walk(stores, given_steps))

        hold()
        runner.run(stack.aclose())


async def _walk(stores: list[Database], given_steps: list[tuple[str, int]]) -> None:
    walk = await Walk.begun(stores)
    for step, where in given_steps:
        await walk.take(step, where)
        await walk.require_order()
    await walk.end()
