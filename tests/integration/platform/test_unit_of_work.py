"""The ambient unit of work against a real PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plexsphere.platform.db import outcome
from plexsphere.platform.db.database import Connection, Database
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import OutcomeUnknown, StoreContended, StoreUnavailable
from tests.integration.platform.stores import opened
from tests.support.fault_proxy import Cut, proxied
from tests.support.postgres import server_folder

pytestmark = pytest.mark.postgres

TABLE = "CREATE TABLE plexsphere.notes (text text PRIMARY KEY)"
WRITE = "INSERT INTO notes VALUES (%s)"


@pytest.fixture
def notes(database: Secret[str]) -> Secret[str]:
    """A database with one more table."""
    with psycopg.connect(database.reveal(), autocommit=True) as connection:
        connection.execute(TABLE)
    return database


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with server_folder() as folder:
        yield folder


async def write(store: Database, text: str) -> None:
    async with store.connection() as connection:
        await connection.execute(WRITE, [text])


async def written(store: Database) -> set[str]:
    async with store.connection() as connection:
        return {row[0] for row in await (await connection.execute("SELECT text FROM notes")).fetchall()}


async def test_an_inner_unit_of_work_joins_the_outer_one(notes: Secret[str]) -> None:
    async with opened(notes) as store:

        async def refused_behind_an_inner_one() -> None:
            async with store():
                async with store():
                    await write(store, "inner")
                raise LookupError

        with pytest.raises(LookupError):
            await refused_behind_an_inner_one()

        assert await written(store) == set()


async def test_what_was_kept_for_the_commit_is_written_last_and_in_its_order(notes: Secret[str]) -> None:
    order: list[str] = []

    async def first(connection: Connection, items: list[Any]) -> None:
        order.append(f"first {items}")

    async def second(connection: Connection, items: list[Any]) -> None:
        order.append(f"second {items}")

    async with opened(notes) as store:
        async with store():
            transaction = store.transaction()
            transaction.at_commit(first, [1])
            transaction.at_commit(second, [2])
            transaction.at_commit(first, [3])
            await write(store, "body")
            order.append("body")

    assert order == ["body", "first [1, 3]", "second [2]"]


async def test_a_flush_that_fails_takes_the_mutation_with_it(notes: Secret[str]) -> None:
    """H48: a mutation and what must be written with it commit together, or neither does."""

    async def refused(connection: Connection, items: list[Any]) -> None:
        await connection.execute("INSERT INTO notes VALUES (NULL)")

    async with opened(notes) as store:
        told: list[str] = []

        async def mutate() -> None:
            async with store():
                await write(store, "mutation")
                store.transaction().at_commit(refused, [None])
                store.transaction().after_commit(lambda: told.append("told"))

        with pytest.raises(psycopg.errors.NotNullViolation):
            await mutate()

        assert (await written(store), told) == (set(), [])


async def test_a_failure_that_was_passed_over_is_not_taken_for_a_commit(notes: Secret[str]) -> None:
    """A COMMIT after a failed statement rolls back and says nothing: that must not look like success."""
    async with opened(notes) as store:
        await write(store, "there")

        async def passes_over() -> None:
            async with store():
                await write(store, "new")
                try:
                    await write(store, "there")
                except psycopg.errors.UniqueViolation:
                    return

        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            await passes_over()

        assert await written(store) == {"there"}


async def test_a_connection_that_ended_unnoticed_is_not_taken_for_a_commit(notes: Secret[str]) -> None:
    """H18: the driver passes over a commit on a dead connection in silence."""
    async with opened(notes, 2) as store:

        async def passes_over() -> None:
            async with store(), store.connection() as connection:
                await write(store, "new")
                with suppress(psycopg.Error):
                    await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                with suppress(psycopg.Error):
                    await connection.execute("SELECT 1")

        with pytest.raises(StoreUnavailable):
            await passes_over()

        assert await written(store) == set()


async def test_calls_wait_for_the_commit_and_one_that_fails_stops_no_other(notes: Secret[str]) -> None:
    async with opened(notes) as store:
        told: list[str] = []

        def fails() -> None:
            raise LookupError

        async with store():
            store.transaction().after_commit(fails)
            store.transaction().after_commit(lambda: told.append("told"))
            await write(store, "kept")
            assert told == []

        assert told == ["told"]
        assert await written(store) == {"kept"}


async def test_a_task_started_inside_does_not_write_into_the_transaction(notes: Secret[str]) -> None:
    async with opened(notes) as store:
        async with store():
            stray = asyncio.create_task(write(store, "stray"))
            with pytest.raises(RuntimeError, match="belongs to the task"):
                await stray

        assert await written(store) == set()


async def test_a_task_that_outlives_the_unit_of_work_has_none(notes: Secret[str]) -> None:
    async with opened(notes) as store:
        left = asyncio.Event()

        async def later() -> None:
            await left.wait()
            await write(store, "later")
            with pytest.raises(RuntimeError, match="no unit of work"):
                store.transaction()

        async with store():
            lingering = asyncio.create_task(later())
        left.set()
        await lingering

        assert await written(store) == {"later"}


async def test_the_transaction_of_one_database_is_none_of_another(notes: Secret[str]) -> None:
    async with opened(notes) as here, opened(notes, 2) as there:

        async def refused() -> None:
            async with here():
                await write(here, "here")
                await write(there, "there")
                raise LookupError

        with pytest.raises(LookupError):
            await refused()

        assert await written(here) == {"there"}


async def test_a_snapshot_sees_one_instant_and_writes_nothing(notes: Secret[str]) -> None:
    async with opened(notes) as store:
        async with store.snapshot():
            before = await written(store)
            await asyncio.create_task(write_elsewhere(notes))
            async with store.snapshot():
                after = await written(store)
            with pytest.raises(RuntimeError, match="writes nothing"):
                store.transaction()
            with pytest.raises(RuntimeError, match="writes nothing"):
                await enter(store)

        assert before == after == set()
        assert await written(store) == {"elsewhere"}


async def test_no_snapshot_is_taken_inside_a_unit_of_work(notes: Secret[str]) -> None:
    async with opened(notes) as store, store():
        with pytest.raises(RuntimeError, match="inside a unit of work"):
            async with store.snapshot():
                pass


async def test_a_cancelled_statement_leaves_a_usable_connection_and_no_trace(notes: Secret[str]) -> None:
    async with opened(notes, 1) as store:

        async def linger() -> None:
            async with store():
                await write(store, "lingering")
                async with store.connection() as connection:
                    await connection.execute("SELECT pg_sleep(30)")

        async def wait() -> None:
            async with store.connection() as connection:
                await connection.execute("SELECT pg_sleep(30)")

        for work in (linger, wait):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await work()

            assert await written(store) == set()


async def test_a_deadlock_is_the_kernels_word_for_it(notes: Secret[str]) -> None:
    """H40: nothing of the one that gave way remains."""
    async with opened(notes) as store:
        met = asyncio.Barrier(2)

        async def cross(mine: str, other: str) -> None:
            async with store():
                await write(store, mine)
                await met.wait()
                await write(store, other)

        results = await asyncio.gather(cross("a", "b"), cross("b", "a"), return_exceptions=True)

        assert [type(each) for each in results if each] == [StoreContended]
        assert await written(store) == {"a", "b"}


async def test_a_commit_whose_answer_was_lost_is_a_commit(notes: Secret[str], folder: Path) -> None:
    """H19: the connection ends behind the COMMIT; what became of it is asked, not guessed."""
    async with proxied(notes, folder) as (proxy, dsn), opened(dsn, 3) as store:
        told: list[str] = []
        proxy.cut_once(b"COMMIT", Cut.BEFORE_THE_ANSWER)

        await noted(store, told, "certain")

        assert (await written(store), told) == ({"certain"}, ["told"])


async def test_a_commit_that_never_arrived_is_none(notes: Secret[str], folder: Path) -> None:
    """H19: nothing was written, and the caller hears it."""
    async with proxied(notes, folder) as (proxy, dsn), opened(dsn, 3) as store:
        told: list[str] = []
        proxy.cut_once(b"COMMIT", Cut.BEFORE_THEY_ARRIVE)

        with pytest.raises(StoreUnavailable) as refused:
            await noted(store, told)

        assert not isinstance(refused.value, OutcomeUnknown)
        assert (await written(store), told) == (set(), [])


async def test_an_outcome_that_cannot_be_learned_is_said_to_be_unknown(
    notes: Secret[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H19: neither a commit nor a rollback is claimed."""
    monkeypatch.setattr(outcome, "PATIENCE_SECONDS", 0.3)
    async with proxied(notes, folder) as (proxy, dsn), opened(dsn, 1) as store:
        told: list[str] = []
        proxy.cut_once(b"COMMIT", Cut.BEFORE_THE_ANSWER, then_refuse=True)

        with pytest.raises(OutcomeUnknown):
            await noted(store, told)

        assert told == []


async def test_a_commit_is_not_believed_when_no_session_is_older_than_it(
    notes: Secret[str], folder: Path
) -> None:
    """H19: after a crash another transaction may bear the same id."""
    async with proxied(notes, folder) as (proxy, dsn), opened(dsn, 1) as store:
        proxy.cut_once(b"COMMIT", Cut.BEFORE_THE_ANSWER)

        with pytest.raises(OutcomeUnknown):
            await noted(store, [])


async def noted(store: Database, told: list[str], text: str = "noted") -> None:
    async def flush(connection: Connection, texts: list[Any]) -> None:
        await connection.execute(WRITE, texts)

    async with store():
        store.transaction().at_commit(flush, [text])
        store.transaction().after_commit(lambda: told.append("told"))


async def write_elsewhere(dsn: Secret[str]) -> None:
    async with opened(dsn, 1) as store:
        await write(store, "elsewhere")


async def enter(store: Database) -> None:
    async with store():
        pass
