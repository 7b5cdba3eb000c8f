"""The real collections of managed push over one test database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer, KeyRing
from plexsphere.managed_push.adapters.postgres.journal import PostgresJournal
from plexsphere.managed_push.adapters.postgres.records import PostgresRecords
from plexsphere.managed_push.adapters.postgres.sealed_check import PostgresSealedCheck
from plexsphere.managed_push.adapters.postgres.sealed_pushes import SealedPushes
from plexsphere.managed_push.adapters.postgres.sealed_rows import sealed_rows
from plexsphere.managed_push.adapters.postgres.targets import PostgresTargets
from plexsphere.managed_push.application.ensure_seal_check import EnsureSealCheck
from plexsphere.managed_push.application.record_push import Landed, RecordPush
from plexsphere.managed_push.application.record_rollback import RecordRollback
from plexsphere.managed_push.application.reseal import Reseal
from plexsphere.managed_push.domain.intent import Deed, Intent
from plexsphere.managed_push.domain.record import Record
from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity import FakeClock
from tests.support.identity_postgres import lent_database
from tests.support.managed_push import (
    DOMAIN,
    OTHER_DOMAIN,
    RING,
    ManagedPushKit,
    a_cluster_object,
    a_request,
    a_target,
    an_intent,
)

LEASE: Final = timedelta(hours=1)

MAKE_DOMAIN: Final = """
INSERT INTO domains (id, slug, name, mesh_cidr, created_at, updated_at)
VALUES (%(id)s, %(id)s::text, 'Acme', '10.100.0.0/16', now(), now())
"""
FORGET_DOMAIN: Final = "DELETE FROM domains WHERE id = %s"
# Nobody can turn the server's clock; every stored time moves back instead.
AGE: Final = """
UPDATE managed_push_intents SET created_at = created_at - %(by)s, captured_at = captured_at - %(by)s,
    leased_until = leased_until - %(by)s, left_alone_until = left_alone_until - %(by)s
"""


def postgres_managed_push(database: Database, ring: KeyRing = RING) -> ManagedPushKit:
    """Return the real adapters over one database."""

    async def forget_domain(domain_id: DomainId) -> None:
        async with database.connection() as connection:
            await connection.execute(FORGET_DOMAIN, [domain_id])

    async def let_time_pass(seconds: float) -> None:
        async with database.connection() as connection:
            await connection.execute(AGE, {"by": timedelta(seconds=seconds)})

    return ManagedPushKit(
        unit_of_work=database,
        targets=PostgresTargets(database),
        records=PostgresRecords(database, SealedPushes.of_trail(ring)),
        journal=PostgresJournal(database, SealedPushes.of_journal(ring)),
        forget_domain=forget_domain,
        let_time_pass=let_time_pass,
    )


async def make_domains(database: Database) -> None:
    """Let the Domains of the tests exist."""
    async with database.connection() as connection:
        for domain_id in (DOMAIN, OTHER_DOMAIN):
            await connection.execute(MAKE_DOMAIN, {"id": domain_id})


@asynccontextmanager
async def lent_managed_push(dsn: Secret[str], ring: KeyRing = RING) -> AsyncGenerator[ManagedPushKit]:
    """Lend the real adapters, with the Domains of the tests."""
    async with lent_database(dsn) as database:
        await make_domains(database)
        yield postgres_managed_push(database, ring)


class _Passed(Exception):
    """What was done is to be undone."""


@dataclass(frozen=True)
class PushDatabase:
    """One database with two Domains, and statements of somebody who may do everything there."""

    database: Database

    def kit(self, ring: KeyRing = RING) -> ManagedPushKit:
        """Return the collections under a ring."""
        return postgres_managed_push(self.database, ring)

    async def inhabit(self, ring: KeyRing = RING) -> None:
        """Let each Domain have a target, two pushes and a rollback under way, and the ring its self-check."""
        await self.check(ring)
        for start, domain_id in ((0, DOMAIN), (10, OTHER_DOMAIN)):
            await self.attach(domain_id, ring)
            await self.push(start + 1, domain_id, ring)
            await self.push(start + 2, domain_id, ring)
            await self.begin(start + 1, domain_id, ring, deed=Deed.ROLLBACK)

    async def attach(self, domain_id: DomainId, ring: KeyRing = RING) -> None:
        """Let the Domain have a target."""
        sealed = AesGcmSealer(ring).seal(domain_id, Secret(f"kubeconfig of {domain_id}".encode()))
        await self.kit(ring).targets.put(a_target(domain_id, ciphertext=sealed))

    async def begin(
        self, number: int, domain_id: DomainId, ring: KeyRing = RING, *, deed: Deed = Deed.PUSH
    ) -> Intent:
        """Write down what is about to be done to an object that is there already."""
        request = a_request(f"hook-{number}", parameters={"secret": f"parameter {number}"})
        intent = an_intent(number, request, domain_id=domain_id, deed=deed)
        journal = self.kit(ring).journal
        assert await journal.open(intent, LEASE)
        captured = await journal.capture(
            intent, a_cluster_object(request, status={"secret": f"prior {number}"})
        )
        assert captured is not None
        return captured

    async def push(self, number: int, domain_id: DomainId, ring: KeyRing = RING) -> Record:
        """Record a push that landed."""
        intent, kit = await self.begin(number, domain_id, ring), self.kit(ring)
        record = RecordPush(self.database, kit.records, kit.journal, self.trail, FakeClock())
        return await record(intent, Landed(intent.prior_state, a_cluster_object(intent.request)))

    async def roll_back(self, record: Record) -> None:
        """Record that a push was undone."""
        intent, kit = await self.begin(record.id.int, record.domain_id, deed=Deed.ROLLBACK), self.kit()
        await RecordRollback(self.database, kit.records, kit.journal, self.trail, FakeClock())(intent, record)

    @property
    def trail(self) -> PostgresAuditTrail:
        return PostgresAuditTrail(self.database)

    async def check(self, ring: KeyRing = RING) -> None:
        """Start as a process does that has this ring."""
        check = PostgresSealedCheck(self.database)
        await EnsureSealCheck(self.database, check, AesGcmSealer(ring))()

    async def reseal(self, ring: KeyRing) -> dict[str, tuple[int, int]]:
        """Move everything to the current key of the ring; return what was moved, and what does not open."""
        told = await Reseal(sealed_rows(self.database, ring))()
        return {each.kind.value: (each.moved, each.unopened) for each in told}

    @asynccontextmanager
    async def in_passing(self) -> AsyncGenerator[None]:
        """Undo at the end whatever is done inside."""
        with suppress(_Passed):
            async with self.database():
                yield
                raise _Passed

    async def run(self, statement: str, **given: Any) -> list[Any]:
        """Run a statement, and return what it yields."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(statement.encode(), given or None)
            return await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def lent_push_database(dsn: Secret[str]) -> AsyncGenerator[PushDatabase]:
    """Lend a database with the Domains of the tests."""
    async with lent_database(dsn) as database:
        await make_domains(database)
        yield PushDatabase(database)
