"""Whether everything that managed push sealed opens where it lies (reference/hardening.md 5.4, 9)."""

from collections.abc import Callable
from typing import Any, Final

from psycopg import AsyncConnection

from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer, KeyRing, Purpose, PushSealer
from plexsphere.platform.kernel.sealing import SealBroken

SEALED: Final = """
SELECT 'target', domain_id, domain_id, kubeconfig_ciphertext FROM domain_managed_push
UNION ALL SELECT 'prior state', domain_id, id, prior_state FROM domain_hook_push WHERE prior_state IS NOT NULL
UNION ALL SELECT 'parameters', domain_id, id, decode(pushed_spec #>> '{parameters,sealed}', 'base64')
    FROM domain_hook_push
UNION ALL SELECT 'captured state', domain_id, push_id, prior_state FROM managed_push_intents
    WHERE prior_state IS NOT NULL
UNION ALL SELECT 'intended parameters', domain_id, push_id, decode(spec #>> '{parameters,sealed}', 'base64')
    FROM managed_push_intents
UNION ALL SELECT 'check', nobody.id, nobody.id, sealed
    FROM sealed_checks, (VALUES ('00000000-0000-0000-0000-000000000000'::uuid)) AS nobody (id)
    WHERE purpose = 'managed-push'
"""
PURPOSES: Final = {
    "prior state": Purpose.PRIOR_STATE,
    "parameters": Purpose.PARAMETERS,
    "captured state": Purpose.INTENDED_PRIOR_STATE,
    "intended parameters": Purpose.INTENDED_PARAMETERS,
}


async def unopened_pushes(connection: AsyncConnection[Any], ring: KeyRing) -> list[str]:
    """Return the sealed values that do not open where they lie."""
    cursor = await connection.execute(SEALED)
    return [
        f"9 every sealed value opens with the key ring: {kind} {row_id}"
        for kind, domain_id, row_id, sealed in await cursor.fetchall()
        if not _opens(_opening(ring, kind), domain_id, row_id, sealed)
    ]


def _opening(ring: KeyRing, kind: str) -> Callable[[Any, Any, bytes], object]:
    if kind in PURPOSES:
        return PushSealer(ring, PURPOSES[kind]).open
    kubeconfigs = AesGcmSealer(ring)
    return lambda domain_id, _, sealed: kubeconfigs.open(domain_id, sealed)


def _opens(opening: Callable[[Any, Any, bytes], object], domain_id: Any, row_id: Any, sealed: bytes) -> bool:
    try:
        opening(domain_id, row_id, bytes(sealed))
    except SealBroken:
        return False
    return True
