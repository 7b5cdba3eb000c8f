"""The event log against a real PostgreSQL: dense, ordered, nothing lost (design D17)."""

import asyncio
from dataclasses import replace

import pytest

from plexsphere.platform.db.database import Database
from plexsphere.platform.events import log as event_log
from plexsphere.platform.events import sequencer
from plexsphere.platform.events.inbox import store as store_rows
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import Announcement, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.integration.platform.stores import a_domain, inbox_of, opened, row_about, sequencer_of

pytestmark = pytest.mark.postgres


async def test_rows_get_dense_offsets_in_the_order_of_their_transaction(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, subjects = await a_domain(store), [mint_id() for _ in range(5)]
        async with store():
            inbox_of(store).announce(row_about(domain_id, each) for each in subjects)

        moved = await sequencer_of(store).sequence()

        rows = await EventLog(store).after(domain_id, 0, 100)
        assert moved == 5
        assert [row.offset for row in rows] == [1, 2, 3, 4, 5]
        assert [row.subject for row in rows] == subjects


async def test_a_rolled_back_mutation_announces_nothing(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id = await a_domain(store)

        async def refused() -> None:
            async with store():
                inbox_of(store).announce([row_about(domain_id, mint_id())])
                raise LookupError

        with pytest.raises(LookupError):
            await refused()

        assert await sequencer_of(store).sequence() == 0


async def test_nothing_is_announced_outside_a_unit_of_work(database: Secret[str]) -> None:
    async with opened(database) as store:
        with pytest.raises(RuntimeError, match="no unit of work"):
            inbox_of(store).announce([row_about(DomainId(mint_id()), mint_id())])


async def test_a_transaction_that_commits_late_is_sequenced_late_and_not_lost(database: Secret[str]) -> None:
    """C25: a row stored before others and committed after they were sequenced still gets its place."""
    async with opened(database) as store:
        domain_id, slow, quick = await a_domain(store), mint_id(), mint_id()
        stored, released = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with store():
                async with store.connection() as connection:
                    await store_rows(connection, [row_about(domain_id, slow)])
                stored.set()
                await released.wait()

        holding = asyncio.create_task(hold())
        await stored.wait()
        async with store():
            inbox_of(store).announce([row_about(domain_id, quick)])
        await sequencer_of(store).sequence()
        released.set()
        await holding
        await sequencer_of(store).sequence()

        rows = await EventLog(store).after(domain_id, 0, 100)
        assert [(row.offset, row.subject) for row in rows] == [(1, quick), (2, slow)]


async def test_two_sequencers_and_many_writers_lose_nothing_and_keep_each_writers_order(
    database: Secret[str],
) -> None:
    """C24: dense offsets from 1, every row once, each writer's rows in its own order."""
    writers, each = 8, 40
    async with opened(database, 12) as store, opened(database, 4) as other:
        domains = [await a_domain(store) for _ in range(2)]
        subjects = [[mint_id() for _ in range(each)] for _ in range(writers)]
        done = asyncio.Event()

        async def write(number: int) -> None:
            for subject in subjects[number]:
                async with store():
                    inbox_of(store).announce([row_about(domains[number % 2], subject)])

        async def sequence(where: Database) -> None:
            while not done.is_set():
                await sequencer_of(where).sequence()

        sequencing = [asyncio.create_task(sequence(store)), asyncio.create_task(sequence(other))]
        await asyncio.gather(*(write(number) for number in range(writers)))
        done.set()
        await asyncio.gather(*sequencing)
        await sequencer_of(store).sequence()

        for place, domain_id in enumerate(domains):
            rows = await EventLog(store).after(domain_id, 0, 1000)
            assert [row.offset for row in rows] == list(range(1, len(rows) + 1))
            found = [row.subject for row in rows]
            for number in range(place, writers, 2):
                mine = set(subjects[number])
                assert [subject for subject in found if subject in mine] == subjects[number]
            assert len(found) == each * writers // 2


async def test_rows_are_found_by_recipient_and_by_visible_subject(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, node, peer, stranger = await a_domain(store), NodeId(mint_id()), mint_id(), mint_id()
        named = Announcement(domain_id, SubjectKind.NODE, stranger, (), (node,))
        asked = Announcement(domain_id, SubjectKind.NODE, stranger, (), (), reconcile=(node,))
        async with store():
            inbox_of(store).announce(
                [row_about(domain_id, peer), named, row_about(domain_id, stranger), asked]
            )
        await sequencer_of(store).sequence()

        rows = await EventLog(store).addressed(domain_id, node, [peer], 0, 100, 10)

        assert [row.offset for row in rows] == [1, 2, 4]


async def test_a_closed_log_leaves_nothing(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id = await a_domain(store)
        async with store():
            inbox_of(store).announce([row_about(domain_id, mint_id())])
        await sequencer_of(store).sequence()

        async with store():
            await EventLog(store).close(domain_id)

        assert await EventLog(store).heads([domain_id]) == {}
        assert await EventLog(store).after(domain_id, 0, 10) == []


async def test_a_replayed_row_names_nobody_but_the_node_it_is_replayed_for(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, node, others = (
            await a_domain(store),
            NodeId(mint_id()),
            [NodeId(mint_id()) for _ in range(3)],
        )
        subject = mint_id()
        named = Announcement(
            domain_id, SubjectKind.NODE, subject, (), (node, *others), reconcile=tuple(others)
        )
        asked = Announcement(domain_id, SubjectKind.NODE, subject, (), (), reconcile=(node, *others))
        async with store():
            inbox_of(store).announce([named, asked, row_about(domain_id, subject)])
        await sequencer_of(store).sequence()

        first, second, third = await EventLog(store).addressed(domain_id, node, [subject], 0, 100, 10)

        assert first.recipients == frozenset({node})
        assert not first.reconcile
        assert second.recipients == frozenset()
        assert second.reconcile == {node}
        assert third.recipients is None


async def test_the_latest_rows_end_where_they_name_too_many(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id = await a_domain(store)
        crowd = tuple(NodeId(mint_id()) for _ in range(4))
        subject = mint_id()
        naming = Announcement(domain_id, SubjectKind.NODE, subject, (), crowd[:3], reconcile=crowd[3:])
        async with store():
            inbox_of(store).announce(
                [naming, row_about(domain_id, subject), naming, row_about(domain_id, subject)]
            )
        await sequencer_of(store).sequence()
        log = EventLog(store)

        assert [row.offset for row in await log.latest(domain_id, 4, 10, 8)] == [4, 3, 2, 1]
        assert [row.offset for row in await log.latest(domain_id, 4, 10, 7)] == [4, 3, 2]
        assert [row.offset for row in await log.latest(domain_id, 4, 10, 3)] == [4]
        assert [row.offset for row in await log.latest(domain_id, 3, 2, 8)] == [3, 2]


# A row that names these is stored in more than a thousand octets, and in less than two thousand.
NAMED = tuple(NodeId(mint_id()) for _ in range(80))


def naming(domain_id: DomainId) -> Announcement:
    return Announcement(domain_id, SubjectKind.NODE, mint_id(), (), NAMED[:40], reconcile=NAMED[40:])


async def test_a_batch_of_the_sequencer_ends_where_its_rows_name_too_many(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """D17: a backlog of a large Domain is numbered in statements of bounded size, each of one row at least."""
    async with opened(database) as store:
        domain_id, other = await a_domain(store), await a_domain(store)
        async with store():
            inbox_of(store).announce([naming(domain_id), row_about(other, mint_id()), naming(domain_id)])
            inbox_of(store).announce([row_about(domain_id, mint_id()), naming(domain_id)])

        monkeypatch.setattr(sequencer, "BATCH_NAMES_OCTETS", 2_500)
        moved = [await sequencer_of(store).sequence()]
        monkeypatch.setattr(sequencer, "BATCH_NAMES_OCTETS", 1)
        moved += [await sequencer_of(store).sequence() for _ in range(4)]

        assert moved == [2, 1, 1, 1, 0]
        rows = await EventLog(store).after(domain_id, 0, 100)
        assert [(row.offset, row.names) for row in rows] == [(1, 80), (2, 80), (3, 0), (4, 80)]


async def test_what_a_follower_reads_at_once_ends_where_its_rows_name_too_many(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """D17: and the next row is always among them."""
    async with opened(database) as store:
        domain_id = await a_domain(store)
        async with store():
            inbox_of(store).announce(naming(domain_id) for _ in range(5))
        await sequencer_of(store).sequence()

        read = []
        for octets in (1, 5_000):
            monkeypatch.setattr(event_log, "NAMES_OCTETS", octets)
            rows = await EventLog(store).after(domain_id, 1, 100)
            read.append([row.offset for row in rows])

        assert read[0] == [2]
        assert read[1] in ([2, 3], [2, 3, 4])


REFUSE_MANY = """
CREATE FUNCTION refuse_many() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM logged) > 10 THEN
        RAISE EXCEPTION 'too slow' USING ERRCODE = 'query_canceled';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER refuse_many AFTER INSERT ON event_log REFERENCING NEW TABLE AS logged
FOR EACH STATEMENT EXECUTE FUNCTION refuse_many()
"""


async def test_a_batch_that_takes_too_long_is_tried_again_with_fewer_rows(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """D17: so that no backlog is tried again for ever."""
    monkeypatch.setattr(sequencer, "BATCH_ROWS", 64)
    monkeypatch.setattr(sequencer, "PERIOD_SECONDS", 0.01)
    async with opened(database) as store:
        domain_id = await a_domain(store)
        async with store(), store.connection() as connection:
            await connection.execute(REFUSE_MANY)
        async with store():
            inbox_of(store).announce(row_about(domain_id, mint_id()) for _ in range(64))

        moved, done = [0], asyncio.Event()

        def measure(rows: int) -> None:
            moved[0] += rows
            if moved[0] == 64:
                done.set()

        running = asyncio.create_task(replace(sequencer_of(store), measure=measure).run())
        await asyncio.wait_for(done.wait(), 20)
        running.cancel()
