"""The wrap keys of managed push: what the environment holds, and whether they are this database's."""

from typing import Final

from plexsphere.composition.settings import PREVIOUS_PUSH_KEY_VAR, PUSH_KEY_VAR, PushKeyRing, SettingsError
from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer, KeyRing
from plexsphere.managed_push.adapters.postgres.sealed_check import PostgresSealedCheck
from plexsphere.managed_push.application.ensure_seal_check import EnsureSealCheck
from plexsphere.managed_push.domain.errors import WrapKeyMismatch
from plexsphere.platform.db.database import Database

WRONG_KEYS: Final = (
    f"{PUSH_KEY_VAR} is not the key this database was sealed under; start with the one of its first boot, or with that "
    f"one as {PREVIOUS_PUSH_KEY_VAR}"
)


async def require_push_keys(database: Database, keys: PushKeyRing) -> KeyRing:
    """
    Return the ring, when one of its keys is the one that this database's kubeconfigs are sealed under.

    Raises:
        SettingsError: none of them is; nothing could be opened, and what is sealed now could not be read later.
    """
    ring = KeyRing(keys.current, keys.previous)
    ensure = EnsureSealCheck(database, PostgresSealedCheck(database), AesGcmSealer(ring))
    try:
        await ensure()
    except WrapKeyMismatch as error:
        raise SettingsError(WRONG_KEYS) from error
    return ring
