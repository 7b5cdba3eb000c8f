"""The audit trail's chains against a real PostgreSQL."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from plexsphere.platform.audit import verifier
from plexsphere.platform.audit.chain import Checkpoint, Unchained, link
from plexsphere.platform.audit.reader import ChainReader
from plexsphere.platform.audit.sealer import AuditSealer
from plexsphere.platform.audit.trail import PLATFORM_CHAIN, PostgresAuditTrail
from plexsphere.platform.audit.verifier import AuditVerifier, Verification
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.audit import AuditEntry, Outcome
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import node_object
from tests.integration.platform.stores import opened

pytestmark = pytest.mark.postgres

LENGTH = 24
ROUNDS = 300
DEEP = "[" * 3000 + "]" * 3000


class UndoneError(Exception):
    """Rolls a mutation back."""


def entry(chain: DomainId | None, number: int) -> AuditEntry:
    context: dict[str, int | str] = {"folded": number, 'quote"\u00e4\u2028\U0001f512': "b\\n"}
    return AuditEntry(
        chain, f"user:{number}", "manage", node_object(mint_id()), Outcome.GRANTED, context, f"c{number}"
    )


async def record(store: Database, chain: DomainId | None, count: int = LENGTH) -> None:
    async with store():
        for number in range(count):
            PostgresAuditTrail(store).record(entry(chain, number))


async def seal_all(store: Database) -> int:
    total = 0
    for _ in range(2):
        # The first sealing of a chain opens its head.
        while sealed := await AuditSealer(store)():
            total += sealed
    return total


def verifier_of(store: Database) -> AuditVerifier:
    return AuditVerifier(ChainReader(store))


async def execute(store: Database, statement: str, *parameters: Any) -> None:
    async with store.connection() as connection:
        await connection.execute(statement, parameters)


async def test_what_was_sealed_verifies_and_what_waits_is_told(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "BATCH", 7)
    async with opened(database) as store:
        chain = DomainId(mint_id())
        await record(store, chain)
        await record(store, None, 2)
        assert await seal_all(store) == LENGTH + 2
        await record(store, chain, 3)

        found = await verifier_of(store).verify(chain)
        platform = await verifier_of(store).verify(PLATFORM_CHAIN)

        assert (found.ok, found.segment_from, found.segment_to, found.unsealed) == (True, 1, LENGTH, 3)
        assert found.oldest_unsealed.total_seconds() > 0
        assert (platform.ok, platform.segment_to, platform.unsealed) == (True, 2, 0)


async def test_an_empty_chain_is_whole(database: Secret[str]) -> None:
    async with opened(database) as store:
        found = await verifier_of(store).verify(mint_id())

        assert (found.ok, found.segment_from, found.segment_to, found.unsealed) == (True, 1, 1, 0)
        assert await verifier_of(store).checkpoint(mint_id()) == Checkpoint(0, bytes(32))


async def test_two_sealers_at_once_never_fork_a_chain(database: Secret[str]) -> None:
    """C39: one chain, dense from 1, however many seal while others write."""
    async with opened(database, 12) as store:
        chains = [DomainId(mint_id()) for _ in range(3)]

        async def write(chain: DomainId) -> None:
            for _ in range(10):
                await record(store, chain, 4)

        async def seal(done: asyncio.Event) -> None:
            while not done.is_set():
                await AuditSealer(store)()

        done = asyncio.Event()
        sealing = [asyncio.create_task(seal(done)) for _ in range(3)]
        await asyncio.gather(*(write(chain) for chain in chains for _ in range(2)))
        done.set()
        await asyncio.gather(*sealing)
        await seal_all(store)

        for chain in chains:
            found = await verifier_of(store).verify(chain)
            assert (found.ok, found.segment_to, found.unsealed) == (True, 80, 0)


@dataclass(frozen=True)
class Tampering:
    """A statement, and the first entry that it makes untrue."""

    statement: str
    parameters: tuple[Any, ...]
    first_bad: int


COLUMNS = [
    ("occurred_at", "occurred_at + interval '1 microsecond'"),
    ("occurred_at", "'infinity'"),
    ("occurred_at", "'0044-03-15 BC'"),
    ("outcome", "'permission_denied'"),
    ("subject", "subject || ' '"),
    ("relation", "'owner'"),
    ("object_type", "'project'"),
    ("object_id", "upper(object_id) || 'x'"),
    ("caveat_context", "caveat_context || '{\"folded\": 1.0}'"),
    ("caveat_context", "caveat_context - 'folded'"),
    ("caveat_context", "'[1]'"),
    ("caveat_context", "'{\"a\": 1e400}'"),
    ("caveat_context", f"'{{\"a\": {DEEP}}}'"),
    ("correlation_id", "''"),
    ("canonical_bytes", "set_byte(canonical_bytes, 5, 255)"),
    ("canonical_bytes", "''"),
    ("prev_hash", "set_byte(prev_hash, 31, get_byte(prev_hash, 31) # 1)"),
    ("entry_hash", "set_byte(entry_hash, 0, get_byte(entry_hash, 0) # 128)"),
]
MOVE = "UPDATE audit_entries SET seq = %s WHERE chain_id = %s AND seq = %s"


def any_tampering(chance: random.Random, chain: UUID) -> Tampering:
    seq = chance.randint(1, LENGTH)
    column, value = chance.choice(COLUMNS)
    kinds = [
        Tampering(
            f"UPDATE audit_entries SET {column} = {value} WHERE chain_id = %s AND seq = %s",  # noqa: S608
            (chain, seq),
            seq,
        ),
        Tampering("DELETE FROM audit_entries WHERE chain_id = %s AND seq = %s", (chain, seq), seq),
        Tampering("DELETE FROM audit_entries WHERE chain_id = %s AND seq >= %s", (chain, seq), seq),
        Tampering(MOVE, (LENGTH + 5, chain, seq), seq),
        Tampering("UPDATE audit_entries SET chain_id = %s WHERE chain_id = %s", (mint_id(), chain), 1),
        Tampering("UPDATE audit_heads SET next_seq = %s WHERE chain_id = %s", (seq, chain), max(1, seq - 1)),
        Tampering("UPDATE audit_heads SET next_seq = 10^15 WHERE chain_id = %s", (chain,), LENGTH + 1),
        Tampering("UPDATE audit_heads SET last_hash = %s WHERE chain_id = %s", (bytes(32), chain), LENGTH),
        Tampering("DELETE FROM audit_heads WHERE chain_id = %s", (chain,), 1),
    ]
    return kinds[0] if chance.random() < 0.5 else chance.choice(kinds[1:])


@asynccontextmanager
async def undone(store: Database) -> AsyncIterator[None]:
    """Let everything inside see a mutation that never commits."""
    try:
        async with store():
            yield
            raise UndoneError
    except UndoneError:
        return


async def test_every_mutation_is_found_and_its_first_entry_named(database: Secret[str]) -> None:
    """C39: a few hundred edits of columns, deletions, truncations and moves, each alone."""
    chance = random.Random(39)
    async with opened(database) as store:
        chain = DomainId(mint_id())
        await record(store, chain)
        await seal_all(store)
        for _ in range(ROUNDS):
            tampering = any_tampering(chance, chain)
            async with undone(store):
                await execute(store, tampering.statement, *tampering.parameters)

                found = await verifier_of(store).verify(chain)

                assert found.divergence is not None, tampering
                assert found.divergence.seq == tampering.first_bad, tampering
                assert found.divergence.expected_hash != found.divergence.observed_hash or (
                    found.divergence.expected_hash is None
                )
        assert (await verifier_of(store).verify(chain)).ok


async def test_an_entry_put_into_the_chain_or_behind_it_is_found(database: Secret[str]) -> None:
    """C39: inserted where another was, in its old place's stead, or properly hashed behind the last."""
    async with opened(database) as store:
        chain = DomainId(mint_id())
        await record(store, chain)
        await seal_all(store)
        newest = await verifier_of(store).checkpoint(chain)
        row = await content(store, chain, 5)

        async with undone(store):
            forged = link(str(chain), LENGTH + 1, newest.entry_hash, row)
            await insert(store, chain, forged.seq, row, forged.canonical, forged.prev_hash, forged.entry_hash)
            behind = await verifier_of(store).verify(chain)
        async with undone(store):
            for seq, other in ((5, 105), (9, 5), (105, 9)):
                await execute(store, MOVE, other, chain, seq)
            swapped = await verifier_of(store).verify(chain)

        assert first_bad(behind) == LENGTH + 1
        assert first_bad(swapped) == 5


async def test_a_chain_built_anew_is_shown_by_a_checkpoint_alone(database: Secret[str]) -> None:
    """C39: who rewrites entries and head together leaves a whole chain, but not the one that was."""
    async with opened(database) as store:
        chain = DomainId(mint_id())
        await record(store, chain)
        await seal_all(store)
        verify = verifier_of(store).verify
        checkpoint = await verifier_of(store).checkpoint(chain)
        await record(store, chain, 3)
        await seal_all(store)

        async with undone(store):
            await rebuild(store, chain, 7)
            assert (await verify(chain)).ok
            assert first_bad(await verify(chain, checkpoint=checkpoint)) == LENGTH
        async with undone(store):
            await cut_off(store, chain, LENGTH)
            assert (await verify(chain)).ok
            assert first_bad(await verify(chain, checkpoint=checkpoint)) == LENGTH

        assert checkpoint.seq == LENGTH
        assert (await verify(chain, checkpoint=checkpoint)).ok


async def test_a_segment_is_verified_alone(database: Secret[str]) -> None:
    async with opened(database) as store:
        chain = DomainId(mint_id())
        await record(store, chain)
        await seal_all(store)
        await execute(
            store, "UPDATE audit_entries SET relation = 'x' WHERE chain_id = %s AND seq = 10", chain
        )
        verify = verifier_of(store).verify

        before, around, behind = (
            await verify(chain, 1, 9),
            await verify(chain, 4, 12),
            await verify(chain, 11),
        )

        assert (before.ok, before.segment_to) == (True, 9)
        assert first_bad(around) == 10
        assert (behind.ok, behind.segment_from, behind.segment_to) == (True, 11, LENGTH)
        for first, last in ((0, None), (5, 4)):
            with pytest.raises(ValueError, match="segment"):
                await verify(chain, first, last)


def first_bad(found: Verification) -> int | None:
    return found.divergence.seq if found.divergence else None


async def content(store: Database, chain: UUID, seq: int) -> Unchained:
    stored = await ChainReader(store).entries(chain, seq, seq, 1)
    assert stored[0].content is not None
    return stored[0].content


async def insert(
    store: Database, chain: UUID, seq: int, row: Unchained, canonical: bytes, prev: bytes, entry_hash: bytes
) -> None:
    await execute(
        store,
        "INSERT INTO audit_entries SELECT %s, %s, occurred_at, outcome, subject, relation, object_type, object_id,"
        " caveat_context, correlation_id, %s, %s, %s FROM audit_entries WHERE chain_id = %s AND subject = %s",
        *(chain, seq, canonical, prev, entry_hash, chain, row.subject),
    )


async def rebuild(store: Database, chain: UUID, start: int) -> None:
    """Change an entry and make every hash behind it, and the head's, agree."""
    await execute(
        store, "UPDATE audit_entries SET relation = 'x' WHERE chain_id = %s AND seq = %s", chain, start
    )
    entries = await ChainReader(store).entries(chain, start, 10**6, 10**6)
    prev_hash = entries[0].link.prev_hash
    for stored in entries:
        assert stored.content is not None
        made = link(str(chain), stored.link.seq, prev_hash, stored.content)
        prev_hash = made.entry_hash
        await execute(
            store,
            "UPDATE audit_entries SET canonical_bytes = %s, prev_hash = %s, entry_hash = %s"
            " WHERE chain_id = %s AND seq = %s",
            *(made.canonical, made.prev_hash, made.entry_hash, chain, made.seq),
        )
    await execute(store, "UPDATE audit_heads SET last_hash = %s WHERE chain_id = %s", prev_hash, chain)


async def cut_off(store: Database, chain: UUID, seq: int) -> None:
    """Take away all from this entry on, and set the head back."""
    before = await ChainReader(store).entries(chain, seq - 1, seq - 1, 1)
    await execute(store, "DELETE FROM audit_entries WHERE chain_id = %s AND seq >= %s", chain, seq)
    await execute(
        store,
        "UPDATE audit_heads SET next_seq = %s, last_hash = %s WHERE chain_id = %s",
        *(seq, before[0].link.entry_hash, chain),
    )
