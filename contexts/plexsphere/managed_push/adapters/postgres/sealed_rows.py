"""What is sealed in the tables of managed push, row by row (decision 0039)."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer, KeyRing
from plexsphere.managed_push.adapters.postgres.sealed_check import PURPOSE
from plexsphere.managed_push.adapters.postgres.sealed_pushes import SealedPushes, octets_of
from plexsphere.managed_push.ports.sealed_check import NOBODY
from plexsphere.managed_push.ports.sealed_rows import Batch, Place, SealedKind
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.sealing import SealBroken

# ruff: noqa: S608  # every statement is put together from constants of this package alone
# Each page ends its rows with the sealed columns; each replacement takes the new ones, the place, and the old ones.
TARGETS: Final = """
SELECT domain_id, kubeconfig_ciphertext FROM domain_managed_push WHERE domain_id > %s ORDER BY domain_id LIMIT %s
"""
REPLACE_TARGET: Final = """
UPDATE domain_managed_push SET kubeconfig_ciphertext = %s WHERE domain_id = %s AND kubeconfig_ciphertext = %s
"""
PUSHES: Final = """
SELECT domain_id, id, prior_state, pushed_spec #>> '{parameters,sealed}' FROM domain_hook_push
WHERE (domain_id, id) > (%s, %s) ORDER BY domain_id, id LIMIT %s
"""
REPLACE_PUSH: Final = """
UPDATE domain_hook_push SET
    prior_state = %s, pushed_spec = jsonb_set(pushed_spec, '{parameters,sealed}', to_jsonb(%s::text))
WHERE domain_id = %s AND id = %s
    AND prior_state IS NOT DISTINCT FROM %s AND pushed_spec #>> '{parameters,sealed}' = %s
"""
INTENTS: Final = """
SELECT domain_id, push_id, prior_state, spec #>> '{parameters,sealed}' FROM managed_push_intents
WHERE (domain_id, push_id) > (%s, %s) ORDER BY domain_id, push_id LIMIT %s
"""
REPLACE_INTENT: Final = """
UPDATE managed_push_intents SET
    prior_state = %s, spec = jsonb_set(spec, '{parameters,sealed}', to_jsonb(%s::text))
WHERE domain_id = %s AND push_id = %s
    AND prior_state IS NOT DISTINCT FROM %s AND spec #>> '{parameters,sealed}' = %s
"""
CHECKS: Final = (
    f"SELECT purpose, sealed FROM sealed_checks WHERE purpose > %s AND purpose = '{PURPOSE}' LIMIT %s"
)
REPLACE_CHECK: Final = "UPDATE sealed_checks SET sealed = %s WHERE purpose = %s AND sealed = %s"

BEFORE_ALL: Final = UUID(int=0)

# Given a place, and what is sealed there: the same under the current key, or None when it is already.
Renew = Callable[[Sequence[Any], bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class PostgresSealedRows:
    """Answers the port `SealedRows` for one table; `renew` has an entry for each sealed column of a row."""

    kind: SealedKind
    database: Database
    page: str
    replace: str
    before_all: Place
    renew: tuple[Renew, ...]

    async def reseal(self, after: Place | None, limit: int, /) -> Batch:
        """Read a page, and write each row that needs it by a statement of its own."""
        async with self.database.connection() as connection:
            given = [*(after or self.before_all), limit]
            rows = await (await connection.execute(self.page, given)).fetchall()
        every = [await self._resealed(row) for row in rows]
        return Batch(
            last=every[-1].last if every else None,
            moved=sum(each.moved for each in every),
            overtaken=sum(each.overtaken for each in every),
            unopened=sum(each.unopened for each in every),
        )

    async def _resealed(self, row: Sequence[Any]) -> Batch:
        width = len(self.renew)
        place, old = tuple(row[:-width]), list(row[-width:])
        new, unopened = list(old), 0
        for column, renew in enumerate(self.renew):
            try:
                new[column] = _renewed(renew, place, old[column])
            except SealBroken:
                unopened = 1
        if new == old:
            return Batch(place, unopened=unopened)
        async with self.database.connection() as connection:
            written = (await connection.execute(self.replace, [*new, *place, *old])).rowcount
        return Batch(place, moved=written, overtaken=1 - written, unopened=unopened)


def sealed_rows(database: Database, ring: KeyRing) -> list[PostgresSealedRows]:
    """Return everything that is sealed under the ring, the self-check last."""
    kubeconfigs = AesGcmSealer(ring)
    trail, journal = SealedPushes.of_trail(ring), SealedPushes.of_journal(ring)
    first = (BEFORE_ALL, BEFORE_ALL)
    return [
        PostgresSealedRows(
            SealedKind.TARGET,
            database,
            TARGETS,
            REPLACE_TARGET,
            (BEFORE_ALL,),
            (lambda place, sealed: kubeconfigs.renewed(place[0], sealed),),
        ),
        PostgresSealedRows(SealedKind.PUSH, database, PUSHES, REPLACE_PUSH, first, _columns(trail)),
        PostgresSealedRows(SealedKind.INTENT, database, INTENTS, REPLACE_INTENT, first, _columns(journal)),
        PostgresSealedRows(
            SealedKind.CHECK,
            database,
            CHECKS,
            REPLACE_CHECK,
            ("",),
            (lambda _, sealed: kubeconfigs.renewed(NOBODY, sealed),),
        ),
    ]


def _columns(sealed: SealedPushes) -> tuple[Renew, Renew]:
    return (
        lambda place, value: sealed.prior_states.renewed(place[0], place[1], value),
        lambda place, value: sealed.parameters.renewed(place[0], place[1], value),
    )


def _renewed(renew: Renew, place: Place, value: bytes | str | None) -> bytes | str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return renew(place, value) or value
    renewed = renew(place, octets_of(value))
    return value if renewed is None else base64.b64encode(renewed).decode()
