"""The pruner against a real PostgreSQL: old rows go, and whom they concerned is remembered (design D23)."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from plexsphere.platform.db.database import Database
from plexsphere.platform.events import pruner
from plexsphere.platform.events.inbox import store as store_rows
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.pruner import Pruner
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import Announcement, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.integration.platform.stores import a_domain, announced, inbox_of, opened, row_about, sequencer_of

pytestmark = pytest.mark.postgres

WEEK = timedelta(days=7)
AGE = "UPDATE event_log SET recorded_at = now() - interval '8 days' WHERE domain_id = %s AND log_offset = ANY(%s)"
REMEMBERED = "SELECT addressee, log_offset FROM event_pruned WHERE domain_id = %s"
NAMED = "SELECT recipient, log_offset FROM event_recipients WHERE domain_id = %s"


async def fetched(store: Database, statement: str, parameters: list[Any]) -> list[Any]:
    async with store.connection() as connection:
        return await (await connection.execute(statement, parameters)).fetchall()


async def age(store: Database, domain_id: DomainId, offsets: list[int]) -> None:
    async with store.connection() as connection:
        await connection.execute(AGE, [domain_id, offsets])


def addressees(row: Announcement) -> set[UUID]:
    named: set[UUID] = {*(row.recipients or ()), *row.reconcile}
    return named | {row.subject} if row.recipients is None else named


def any_row(domain_id: DomainId, chance: random.Random, nodes: list[NodeId]) -> Announcement:
    def some() -> tuple[NodeId, ...]:
        return tuple(chance.sample(nodes, chance.randrange(3)))

    recipients = None if chance.random() < 0.4 else some()
    return Announcement(domain_id, SubjectKind.NODE, chance.choice(nodes), (), recipients, some())


async def test_random_logs_are_pruned_as_a_plain_list_would_be(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pruners at once, in batches smaller than the logs: horizon, rows, names and what is remembered agree."""
    monkeypatch.setattr(pruner, "BATCH_ROWS", 4)
    monkeypatch.setattr(pruner, "BATCH_NAMES", 8)
    chance = random.Random(23)
    async with opened(database) as store:
        logs: dict[DomainId, tuple[list[Announcement], set[int]]] = {}
        for _ in range(12):
            domain_id, nodes = await a_domain(store), [NodeId(mint_id()) for _ in range(4)]
            rows = [any_row(domain_id, chance, nodes) for _ in range(chance.randrange(30))]
            await announced(store, *rows)
            share = chance.choice([0.7, 0.95, 1.0])
            old = {offset for offset in range(1, len(rows) + 1) if chance.random() < share}
            await age(store, domain_id, list(old))
            logs[domain_id] = (rows, old)

        pruned = sum(await asyncio.gather(*(Pruner(store).prune(WEEK) for _ in range(2))))

        horizons = 0
        for domain_id, (rows, old) in logs.items():
            horizon = next(n for n in range(len(rows) + 1) if n + 1 not in old)
            horizons += horizon
            remembered: dict[UUID, int] = {}
            for offset, row in enumerate(rows[:horizon], start=1):
                remembered.update(dict.fromkeys(addressees(row), offset))
            left = [row.offset for row in await EventLog(store).after(domain_id, 0, 100)]
            assert await EventLog(store).horizon(domain_id) == horizon
            assert left == list(range(horizon + 1, len(rows) + 1))
            assert dict(await fetched(store, REMEMBERED, [domain_id])) == remembered
            named = {
                (each, n) for n in left for each in {*(rows[n - 1].recipients or ()), *rows[n - 1].reconcile}
            }
            assert set(await fetched(store, NAMED, [domain_id])) == named
        assert pruned == horizons


async def test_a_node_that_missed_nothing_of_its_own_needs_no_reconciliation(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, node, peer, stranger = await a_domain(store), NodeId(mint_id()), mint_id(), mint_id()
        await announced(
            store,
            row_about(domain_id, peer),
            Announcement(domain_id, SubjectKind.POLICY, stranger, (), (node,)),
            row_about(domain_id, stranger),
        )
        await age(store, domain_id, [1, 2, 3])
        await Pruner(store).prune(WEEK)

        log = EventLog(store)
        assert await log.pruned_since(domain_id, [node], 1)
        assert not await log.pruned_since(domain_id, [node], 2)
        assert await log.pruned_since(domain_id, [node, peer], 0)
        assert not await log.pruned_since(domain_id, [peer], 1)
        assert not await log.pruned_since(domain_id, [mint_id()], 0)


async def test_pruning_again_remembers_the_newer_offset(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, peer = await a_domain(store), mint_id()
        for offset in (1, 2):
            await announced(store, row_about(domain_id, peer))
            await age(store, domain_id, [offset])
            assert await Pruner(store).prune(WEEK) == 1

        assert await fetched(store, REMEMBERED, [domain_id]) == [(peer, 2)]
        assert await Pruner(store).prune(WEEK) == 0


async def test_a_row_that_names_more_than_a_batch_may_is_pruned_alone(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruner, "BATCH_NAMES", 2)
    async with opened(database) as store:
        domain_id, everybody = await a_domain(store), tuple(NodeId(mint_id()) for _ in range(5))
        row = Announcement(domain_id, SubjectKind.POLICY, mint_id(), (), everybody)
        await announced(store, row, row)
        await age(store, domain_id, [1, 2])

        assert await Pruner(store).prune(WEEK) == 2
        assert dict(await fetched(store, REMEMBERED, [domain_id])) == dict.fromkeys(everybody, 2)


async def test_pruning_does_not_hold_up_the_sequencer(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id = await a_domain(store)
        await announced(store, row_about(domain_id, mint_id()))
        await age(store, domain_id, [1])
        async with store():
            inbox_of(store).announce([row_about(domain_id, mint_id())])

        async with store(), store.connection() as connection:
            claimed = await (await connection.execute(pruner.CLAIM, [WEEK])).fetchone()
            assert claimed == (domain_id, 0)
            meanwhile = asyncio.create_task(elsewhere(database))
            assert await meanwhile == 1


async def test_a_row_announced_to_a_closed_log_is_swept_away(database: Secret[str]) -> None:
    async with opened(database) as store:
        domain_id, gone = await a_domain(store), DomainId(mint_id())
        async with store(), store.connection() as connection:
            await store_rows(connection, [row_about(gone, mint_id()), row_about(domain_id, mint_id())])
            await connection.execute("UPDATE event_inbox SET recorded_at = now() - interval '8 days'")

        await Pruner(store).prune(WEEK)

        assert await fetched(store, "SELECT domain_id FROM event_inbox", []) == [(domain_id,)]


async def elsewhere(dsn: Secret[str]) -> int:
    async with opened(dsn, 1) as store:
        return await sequencer_of(store).sequence()
