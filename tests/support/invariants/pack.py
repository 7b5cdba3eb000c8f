"""
The SQL invariant pack (reference/hardening.md 5.4), run after every crash, restart and fault.

A context adds its own in a module beside this one, and its name to `ALL`. Two claims take more than SQL: that the
audit chains verify (7), and that every sealed value opens under the key ring (9). What clusters hold (13) is for those
to say who have one.
"""

from dataclasses import dataclass, field
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from plexsphere.fleet.adapters.postgres.meshes import PURPOSE as PAIR_KEY_BASE
from plexsphere.identity.application.ensure_seal_check import BINDING as SEAL_CHECK
from plexsphere.identity.domain.node_identity import nsk_binding
from plexsphere.identity.domain.signing_key import signing_key_binding
from plexsphere.managed_push.adapters.aes_gcm_sealer import KeyRing
from plexsphere.platform.audit.chain import Checkpoint
from plexsphere.platform.audit.reader import ChainReader
from plexsphere.platform.audit.verifier import AuditVerifier
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.sealing import Binding, SealBroken
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.sealing import AesGcmSealer
from tests.support.invariants import fleet, identity, managed_push, platform, policy
from tests.support.invariants.invariant import Invariant
from tests.support.invariants.push_seals import unopened_pushes

ALL: Final = (
    *platform.INVARIANTS,
    *identity.INVARIANTS,
    *fleet.INVARIANTS,
    *policy.INVARIANTS,
    *managed_push.INVARIANTS,
)

AT_ONE_INSTANT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Events and audit entries count from their commit on, numbered or not. Events are looked up subject by subject.
WITH: Final[LiteralString] = """
WITH told AS NOT MATERIALIZED (
    SELECT domain_id, subject, frames, recipients FROM event_log
    UNION ALL SELECT domain_id, subject, frames, recipients FROM event_inbox
), trail AS MATERIALIZED (
    SELECT chain_id, outcome, subject, relation, object_type, object_id, caveat_context AS context FROM audit_entries
    UNION ALL
    SELECT chain_id, outcome, subject, relation, object_type, object_id, caveat_context FROM audit_inbox
), offenders (offender) AS (
"""
TOLD: Final[LiteralString] = ") SELECT offender FROM offenders ORDER BY offender LIMIT 5"
CHAINS: Final = "SELECT chain_id FROM audit_heads UNION SELECT DISTINCT chain_id FROM audit_entries"
SEALED: Final = """
SELECT 'node', domain_id, node_id, nsk_version, nsk_sealed FROM node_identities
UNION ALL SELECT 'mesh', domain_id, domain_id, generation, psk_base_sealed FROM meshes
UNION ALL SELECT 'signing key', id, id, 1, private_sealed FROM signing_keys
UNION ALL SELECT 'check', %(nobody)s, %(nobody)s, 1, sealed FROM sealed_checks
WHERE purpose = 'node-secret-keys'
"""
SHORTEST: Final = 28
LONGEST: Final = 131_072


@dataclass(frozen=True)
class InvariantPack:
    """
    Judges a database as a whole.

    It remembers how far each audit chain was verified: the next look goes on from there, and sees it when an entry
    that was sealed before is another one, or gone. What managed push sealed is opened where its ring is known.
    """

    database: Database
    wrap_key: Secret[bytes]
    verified: dict[UUID, Checkpoint] = field(default_factory=dict)
    push_ring: KeyRing | None = None

    async def violations(self) -> list[str]:
        """Return what is broken, one line for each claim with up to five of its offenders."""
        async with self.database.snapshot(), self.database.connection() as connection:
            claims = [line for each in ALL for line in await broken(connection, each)]
            return [*claims, *await self.unopened(connection), *await self._chains(connection)]

    async def unopened(self, connection: AsyncConnection[Any]) -> list[str]:
        """Return the sealed values that do not open where they lie, or are no sealed values."""
        sealer = AesGcmSealer(self.wrap_key)
        cursor = await connection.execute(SEALED, {"nobody": UUID(int=0)})
        unopened = [
            f"9 every sealed value opens with the key ring: {kind} {row_id}"
            for kind, domain_id, row_id, version, sealed in await cursor.fetchall()
            if not _opens(sealer, sealed, _binding(kind, domain_id, row_id, version))
        ]
        if self.push_ring is not None:
            unopened += await unopened_pushes(connection, self.push_ring)
        return unopened

    async def _chains(self, connection: AsyncConnection[Any]) -> list[str]:
        verifier = AuditVerifier(ChainReader(self.database))
        diverging = []
        for (chain,) in await (await connection.execute(CHAINS)).fetchall():
            known = self.verified.get(chain)
            found = await verifier.verify(chain, known.seq if known and known.seq else 1, checkpoint=known)
            if found.divergence is None:
                self.verified[chain] = await verifier.checkpoint(chain)
            else:
                diverging.append(f"7 the audit chain verifies: {chain} at {found.divergence.seq}")
        return diverging


async def broken(connection: AsyncConnection[Any], invariant: Invariant) -> list[str]:
    """Return one line if the claim does not hold as this connection sees it."""
    cursor = await connection.execute(WITH + invariant.offenders + TOLD)
    offenders = [offender for (offender,) in await cursor.fetchall()]
    return [f"{invariant.number} {invariant.claim}: {', '.join(offenders)}"] if offenders else []


def _binding(kind: str, domain_id: UUID, row_id: Any, version: int) -> Binding:
    match kind:
        case "node":
            return nsk_binding(domain_id, row_id, version)  # type: ignore[arg-type]
        case "mesh":
            return Binding(PAIR_KEY_BASE, domain_id, row_id, version)
        case "signing key":
            return signing_key_binding(row_id)
        case _:
            return SEAL_CHECK


def _opens(sealer: AesGcmSealer, sealed: bytes, binding: Binding) -> bool:
    try:
        sealer.open(bytes(sealed), binding)
    except SealBroken:
        return False
    return SHORTEST <= len(sealed) <= LONGEST
