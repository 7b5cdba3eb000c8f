"""The store busy, away and back again: bounded waits, the kernel's words, no restart of ours."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable
from tests.integration.platform.stores import opened
from tests.support.postgres import FAST, server_folder

pytestmark = pytest.mark.postgres

SIZE = 3
PATIENCE = 20
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
ASLEEP = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
DEEP = "[" * 20_000 + "]" * 20_000


async def one(store: Database) -> int:
    async with store.connection() as connection:
        row = await (await connection.execute("SELECT 1")).fetchone()
        return int(row[0]) if row else 0


async def somebody_sleeps(store: Database) -> None:
    """Return once a session is at its long statement."""
    async with asyncio.timeout(PATIENCE):
        while True:
            # Within one transaction the same sessions would be seen again and again.
            async with store.connection() as connection:
                if await (await connection.execute(ASLEEP)).fetchone() is not None:
                    return
            await asyncio.sleep(0.02)


async def test_when_all_connections_are_held_the_wait_is_bounded_and_ends_with_a_word(
    database: Secret[str],
) -> None:
    """H17: overloaded, not away; and all is well as soon as one is given back."""
    async with opened(database, SIZE) as store:
        freed, held = asyncio.Event(), asyncio.Barrier(SIZE + 1)

        async def hold() -> None:
            async with store.connection():
                await held.wait()
                await freed.wait()

        holding = [asyncio.create_task(hold()) for _ in range(SIZE)]
        await held.wait()
        async with asyncio.timeout(PATIENCE):
            results = await asyncio.gather(*(one(store) for _ in range(5)), return_exceptions=True)
        freed.set()
        await asyncio.gather(*holding)

        assert [type(each) for each in results] == [StoreOverloaded] * 5
        assert await one(store) == 1


async def test_the_queue_for_connections_is_bounded(database: Secret[str]) -> None:
    """H17: whoever finds 512 waiting does not wait at all."""
    async with opened(database, 1) as store, store.connection():
        waiting = [asyncio.create_task(one(store)) for _ in range(600)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        turned_away = len(done)
        results = await asyncio.gather(*waiting, return_exceptions=True)

    assert turned_away >= 600 - 512
    assert {type(each) for each in results} == {StoreOverloaded}


async def test_killed_sessions_are_replaced_before_anybody_meets_them(database: Secret[str]) -> None:
    """H18: after pg_terminate_backend of every idle session nobody is refused."""
    async with opened(database, SIZE) as store, opened(database, 1) as killer:
        await asyncio.gather(*(one(store) for _ in range(SIZE)))
        async with killer.connection() as connection:
            await connection.execute(CUT)
        await asyncio.sleep(0.1)

        assert await asyncio.gather(*(one(store) for _ in range(10))) == [1] * 10


async def test_a_session_killed_at_work_is_the_kernels_word_for_it(database: Secret[str]) -> None:
    """H18: StoreUnavailable, and nothing of the unit of work remains."""
    async with opened(database, SIZE) as store, opened(database, 1) as killer:

        async def work() -> None:
            async with store(), store.connection() as connection:
                await connection.execute("CREATE TABLE left_behind (n int)")
                await connection.execute("SELECT pg_sleep(30)")

        working = asyncio.create_task(work())
        await somebody_sleeps(killer)
        async with killer.connection() as connection:
            await connection.execute(CUT)

        with pytest.raises(StoreUnavailable):
            await working
        async with killer.connection() as connection:
            found = await (await connection.execute("SELECT to_regclass('left_behind')")).fetchone()
        assert found == (None,)


async def test_too_deep_a_document_does_not_mean_that_the_store_is_away(database: Secret[str]) -> None:
    """54001 is an OperationalError, and nothing is away: it must not look like an outage."""
    async with opened(database, SIZE) as store:
        with pytest.raises(psycopg.errors.StatementTooComplex):
            async with store.connection() as connection:
                await connection.execute("SELECT %s::jsonb", [DEEP])

        assert await one(store) == 1


@pytest.mark.parametrize(
    ("setting", "statement"),
    [("statement_timeout", "SELECT pg_sleep(10)"), ("lock_timeout", "LOCK TABLE event_heads")],
)
async def test_what_takes_too_long_is_overload(database: Secret[str], setting: str, statement: str) -> None:
    async with opened(database, SIZE) as store, opened(database, 1) as other:
        async with other(), other.connection() as holding:
            await holding.execute("LOCK TABLE event_heads")
            with pytest.raises(StoreOverloaded):
                await impatiently(store, setting, statement)

        assert await one(store) == 1


async def impatiently(store: Database, setting: str, statement: str) -> None:
    async with store(), store.connection() as connection:
        await connection.execute("SELECT set_config(%s, '50ms', true)", [setting])
        await connection.execute(statement)


async def test_a_connection_string_that_leads_nowhere_is_away_and_not_busy(database: Secret[str]) -> None:
    pool = build_pool(Secret("host=/nowhere dbname=plexsphere user=plexsphere"), SIZE)
    await pool.open()
    try:
        with pytest.raises(StoreUnavailable) as refused:
            await one(Database(pool))
    finally:
        await pool.close()

    assert type(refused.value) is StoreUnavailable


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, to be stopped and started."""
    with server_folder() as folder, running(folder) as postgres:
        yield postgres


def running(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "data", settings=FAST, elsewhere=folder / "elsewhere")


async def test_a_restart_of_postgresql_needs_none_of_ours(own_postgres: EmbeddedPostgres) -> None:
    """H18: one kind of refusal while it is down, and normal work soon after it is up."""
    async with opened(own_postgres.dsn, SIZE) as store:
        assert await one(store) == 1
        await asyncio.to_thread(own_postgres.stop)
        while_down = [await refusal(store) for _ in range(3)]
        await asyncio.to_thread(own_postgres.start)

        async with asyncio.timeout(5):
            while await refusal(store) is not None:
                pass

        assert while_down == [StoreUnavailable] * 3
        assert await asyncio.gather(*(one(store) for _ in range(SIZE))) == [1] * SIZE


async def refusal(store: Database) -> type[StoreUnavailable] | None:
    try:
        await one(store)
    except StoreUnavailable as error:
        return type(error)
    return None
