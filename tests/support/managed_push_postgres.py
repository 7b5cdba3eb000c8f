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
from plexsphere.managed_push.application.reseal import Reseal
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity_postgres import lent_database
from tests.support.managed_push import (
    DOMAIN,
    OTHER_DOMAIN,
    RING,
    ManagedPushKit,
    a_cluster_object,
    a_record,
    a_request,
    a_target,
    an_intent,
)

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
        """Let each Domain have a target, two pushes and a captured intent, and the ring its self-check."""
        await self.check(ring)
        for number, domain_id in enumerate((DOMAIN, OTHER_DOMAIN)):
            await self._inhabit(self.kit(ring), ring, domain_id, 10 * number)

    async def check(self, ring: KeyRing = RING) -> None:
        """Start as a process does that has this ring."""
        check = PostgresSealedCheck(self.database)
        await EnsureSealCheck(self.database, check, AesGcmSealer(ring))()

    async def reseal(self, ring: KeyRing) -> dict[str, tuple[int, int]]:
        """Move everything to the current key of the ring; return what was moved, and what does not open."""
        told = await Reseal(sealed_rows(self.database, ring))()
        return {each.kind.value: (each.moved, each.unopened) for each in told}

    async def _inhabit(self, kit: ManagedPushKit, ring: KeyRing, domain_id: DomainId, start: int) -> None:
        kubeconfig = Secret(f"kubeconfig of {domain_id}".encode())
        await kit.targets.put(a_target(domain_id, ciphertext=AesGcmSealer(ring).seal(domain_id, kubeconfig)))
        for number in (start + 1, start + 2):
            request = a_request(f"hook-{number}", parameters={"secret": f"parameter {number}"})
            prior = a_cluster_object(request, status={"secret": f"prior {number}"})
            await kit.records.add(a_record(number, request, domain_id=domain_id, prior_state=prior))
        intent = an_intent(start + 1, request, domain_id=domain_id)
        await kit.journal.open(intent, timedelta(minutes=1))
        await kit.journal.capture(intent, a_cluster_object(request))

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
