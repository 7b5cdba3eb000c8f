"""Followers against a real PostgreSQL: nothing is lost on the way from the log to the streams."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from plexsphere.platform.db.database import Database
from plexsphere.platform.events import follower
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.bell import Bell, Ring
from plexsphere.platform.events.follower import DomainGone
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.sequencer import Sequencer
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import OutcomeUnknown, StoreUnavailable
from tests.integration.platform.recorder import Recorder, following
from tests.integration.platform.stores import a_domain, announced, inbox_of, opened, row_about, sequencer_of
from tests.support.fault_proxy import proxied
from tests.support.postgres import server_folder

pytestmark = pytest.mark.postgres

PATIENCE = 20
NEWER = """
UPDATE event_log SET kind = 'tunnel', frames = jsonb_build_array(jsonb_build_array('tunnel_opened', subject::text))
WHERE domain_id = %(domain)s AND subject = %(subject)s
"""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"


async def test_a_domain_is_loaded_once_however_many_ask_and_whatever_becomes_of_the_first(
    database: Secret[str],
) -> None:
    async with opened(database) as store:
        domain_id, recorder = await a_domain(store), Recorder()
        recorder.may_load.clear()
        follows = following(store, recorder)
        first, *others = [asyncio.create_task(follows.follow(domain_id)) for _ in range(20)]
        await asyncio.sleep(0.05)
        first.cancel()
        recorder.may_load.set()

        tails = await asyncio.gather(*others)

        assert recorder.loads == 1
        assert all(tail is follows.tail(domain_id) for tail in tails)


async def test_a_domain_met_inside_a_unit_of_work_is_loaded_as_others_see_it(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, recorder = await a_domain(store), Recorder()
        uncommitted = DomainId(mint_id())
        follows = following(store, recorder)

        async with store():
            await EventLog(store).open(uncommitted)
            tail = await follows.follow(domain_id)
            with pytest.raises(DomainGone):
                await follows.follow(uncommitted)

        assert tail.last == 0
        assert (await follows.follow(uncommitted)).last == 0


async def test_a_caller_that_gives_up_keeps_no_row_from_the_streams(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, recorder, subject = await a_domain(store), Recorder(), mint_id()
        follows = following(store, recorder)
        await follows.follow(domain_id)
        await announced(store, row_about(domain_id, subject))
        recorder.may_tell.clear()

        caller = asyncio.create_task(follows.catch_up(domain_id, 1))
        await recorder.is_telling.wait()
        caller.cancel()
        recorder.may_tell.set()

        async with asyncio.timeout(PATIENCE):
            await recorder.until_told(domain_id, subject)


async def test_however_many_catch_up_the_database_is_asked_once_for_those_who_wait(
    database: Secret[str],
) -> None:
    async with opened(database) as store:
        domain_id, recorder = await a_domain(store), Recorder()
        follows = following(store, recorder)
        await follows.follow(domain_id)

        await asyncio.gather(*(follows.catch_up(domain_id, 999) for _ in range(50)))

        assert recorder.reads <= 2


async def test_who_asks_while_a_catching_up_goes_on_hears_of_what_committed_since(
    database: Secret[str],
) -> None:
    async with opened(database) as store:
        domain_id, recorder = await a_domain(store), Recorder()
        follows = following(store, recorder)
        await follows.follow(domain_id)
        await announced(store, row_about(domain_id, mint_id()))
        recorder.may_tell.clear()
        first = asyncio.create_task(follows.catch_up(domain_id, 1))
        await recorder.is_telling.wait()
        await announced(store, row_about(domain_id, mint_id()))

        second = asyncio.create_task(follows.catch_up(domain_id, 2))
        await asyncio.sleep(0)
        recorder.may_tell.set()
        await asyncio.gather(first, second)

        tail = follows.tail(domain_id)
        assert tail is not None
        assert tail.last == 2


@pytest.mark.parametrize(
    "accident",
    [
        "DELETE FROM event_log WHERE log_offset <= 2",
        "DELETE FROM event_log",
        "UPDATE event_heads SET next_offset = 1",
        "DELETE FROM event_heads",
    ],
)
async def test_a_log_that_does_not_go_on_where_the_view_ended_is_read_anew(
    database: Secret[str], accident: str
) -> None:
    """Pruned while this process slept, set back to a backup, deleted: no view goes on as if nothing were."""
    async with opened(database) as store:
        domain_id, recorder = await a_domain(store), Recorder()
        follows = following(store, recorder)
        await announced(store, row_about(domain_id, mint_id()))
        await follows.follow(domain_id)
        await announced(store, row_about(domain_id, mint_id()), row_about(domain_id, mint_id()))
        async with store.connection() as connection:
            await connection.execute(accident)

        await follows.poll()

        assert recorder.forgotten == [domain_id]
        assert follows.tail(domain_id) is None


async def test_the_bell_wakes_another_process(database: Secret[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bell this would take until the next poll, which is an hour away here."""
    monkeypatch.setattr(follower, "POLL_SECONDS", 3600.0)
    async with opened(database) as here, opened(database) as there, asyncio.timeout(PATIENCE):
        domain_id, recorder, alarm = await a_domain(here), Recorder(), Alarm()
        listening, heard = asyncio.Event(), Bell(database, {Ring.LOG: alarm.sound})
        ringing = Bell(database, {Ring.LOG: listening.set})
        follows = following(there, recorder, alarm)
        await follows.follow(domain_id)
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(each.run()) for each in (heard, ringing, follows)]
            await listening.wait()
            await asyncio.sleep(0.2)
            subject = mint_id()
            await announced(here, row_about(domain_id, subject))
            ringing.ring(Ring.LOG)

            await recorder.until_told(domain_id, subject)

            for loop in loops:
                loop.cancel()


async def test_without_the_bell_polling_delivers(database: Secret[str]) -> None:
    """H50: the connection that listens and the one that rings are dead, and stay dead."""
    with server_folder() as folder:
        await deliver_with_a_dead_bell(database, folder)


async def deliver_with_a_dead_bell(dsn: Secret[str], folder: Path) -> None:
    async with (
        opened(dsn) as here,
        opened(dsn) as there,
        proxied(dsn, folder) as (proxy, bell_dsn),
        asyncio.timeout(PATIENCE),
    ):
        domain_id, recorder, alarm = await a_domain(here), Recorder(), Alarm()
        listening = asyncio.Event()
        bell, follows = Bell(bell_dsn, {Ring.LOG: listening.set}), following(there, recorder, alarm)
        await follows.follow(domain_id)
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(each.run()) for each in (bell, follows)]
            await listening.wait()
            proxy.is_refusing = True
            proxy.cut_all()
            subject = mint_id()
            await announced(here, row_about(domain_id, subject))
            bell.ring(Ring.LOG)

            await recorder.until_told(domain_id, subject)

            for loop in loops:
                loop.cancel()


async def test_two_followers_miss_nothing_while_connections_die(database: Secret[str]) -> None:
    """C24: 5,000 rows of many writers, every connection killed a few times: all rows, once, in one order."""
    writers, each, rows_each = 10, 50, 10
    async with opened(database, 12) as writing, opened(database, 4) as one, opened(database, 4) as two:
        domain_id, done = await a_domain(writing), mint_id()
        recorders, subjects = (
            [Recorder(), Recorder()],
            [[mint_id() for _ in range(500)] for _ in range(writers)],
        )
        followers = [following(store, rec) for store, rec in zip((one, two), recorders, strict=True)]
        for follows in followers:
            await follows.follow(domain_id)
        runs = [*(each.run for each in followers), *(sequencing(store).run for store in (one, two))]

        async def write(mine: list[UUID]) -> None:
            for start in range(0, each * rows_each, rows_each):
                await insist(writing, domain_id, mine[start : start + rows_each])

        async with asyncio.TaskGroup() as group, asyncio.timeout(60):
            loops = [group.create_task(run()) for run in runs]
            killing = group.create_task(kill_now_and_then(database))
            async with asyncio.TaskGroup() as writes:
                for mine in subjects:
                    writes.create_task(write(mine))
            killing.cancel()
            await insist(writing, domain_id, [done])
            for recorder in recorders:
                await recorder.until_told(domain_id, done)
            for loop in loops:
                loop.cancel()

        first, second = (recorder.told[domain_id] for recorder in recorders)
        assert first == second
        assert len(first) == len(set(first)) == writers * each * rows_each + 1
        for mine in subjects:
            own = set(mine)
            assert [subject for subject in first if subject in own] == mine


def sequencing(store: Database) -> Sequencer:
    async def nothing_to_seal() -> int:
        return 0

    return Sequencer(store, nothing_to_seal, lambda: None, Alarm())


async def insist(store: Database, domain_id: DomainId, subjects: list[UUID]) -> None:
    """Commit the rows once, however often the connection dies."""
    while True:
        try:
            async with store():
                inbox_of(store).announce(row_about(domain_id, each) for each in subjects)
        except OutcomeUnknown:
            # Whoever guessed here would lose rows or write them twice.
            raise
        except StoreUnavailable:
            continue
        return


async def kill_now_and_then(dsn: Secret[str]) -> None:
    async with opened(dsn, 1) as store:
        while True:
            await asyncio.sleep(0.3)
            async with store.connection() as connection:
                await connection.execute(CUT)


async def test_a_log_closed_while_it_is_sequenced_leaves_nothing(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, numbered, released = await a_domain(store), asyncio.Event(), asyncio.Event()
        async with store():
            inbox_of(store).announce([row_about(domain_id, mint_id())])

        async def sequence() -> None:
            async with store():
                await sequencer_of(store).sequence()
                numbered.set()
                await released.wait()

        async def close() -> None:
            async with store():
                await EventLog(store).close(domain_id)

        sequencing_ = asyncio.create_task(sequence())
        await numbered.wait()
        closing = asyncio.create_task(close())
        await asyncio.sleep(0.2)
        released.set()
        await asyncio.gather(sequencing_, closing)

        assert await EventLog(store).heads([domain_id]) == {}
        assert await EventLog(store).after(domain_id, 0, 10) == []


async def test_the_domain_whose_row_waits_longest_comes_first(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Busy Domains with low ids starve nobody."""
    monkeypatch.setattr("plexsphere.platform.events.sequencer.BATCH_DOMAINS", 1)
    async with opened(database) as store:
        busy, patient = sorted([await a_domain(store), await a_domain(store)])
        for domain_id in (patient, busy, busy):
            async with store():
                inbox_of(store).announce([row_about(domain_id, mint_id())])

        assert await sequencer_of(store).sequence() == 1
        assert await EventLog(store).heads([busy, patient]) == {busy: 0, patient: 1}


async def test_a_domain_just_met_has_its_last_moments_in_memory(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H14: whoever comes back after a restart is told what it missed without a statement of its own."""
    monkeypatch.setattr(follower, "WARM_BATCH_ROWS", 2)
    monkeypatch.setattr(follower, "WARM_ROWS", 4)
    async with opened(database) as store:
        domain_id, subjects = await a_domain(store), [mint_id() for _ in range(7)]
        await announced(store, *(row_about(domain_id, subject) for subject in subjects))

        tail = await following(store, Recorder()).follow(domain_id)

        assert (tail.first, tail.last) == (4, 7)
        assert [row.subject for row in map(tail.row, range(4, 8)) if row] == subjects[3:]


async def test_a_domain_just_met_has_all_of_a_short_log_in_memory(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, subject = await a_domain(store), mint_id()
        assert (await following(store, Recorder()).follow(domain_id)).first == 1
        await announced(store, row_about(domain_id, subject))

        tail = await following(store, Recorder()).follow(domain_id)

        assert (tail.first, tail.last) == (1, 1)


async def test_what_a_newer_process_writes_is_followed_over_and_everything_behind_it_is_told(
    database: Secret[str],
) -> None:
    async with opened(database) as store:
        domain_id, subjects = await a_domain(store), [mint_id() for _ in range(3)]
        recorder = Recorder()
        follower = following(store, recorder)
        await follower.follow(domain_id)
        await announced(store, *(row_about(domain_id, each) for each in subjects))
        async with store.connection() as connection:
            await connection.execute(NEWER, {"domain": domain_id, "subject": subjects[1]})

        await follower.poll()

        assert recorder.told[domain_id] == subjects
        assert recorder.forgotten == []
        tail = follower.tail(domain_id)
        assert tail is not None
        newer = tail.row(2)
        assert newer is not None
        assert (newer.kind, newer.frames) == (None, (None,))
