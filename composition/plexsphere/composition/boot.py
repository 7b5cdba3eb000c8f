"""What must be true before a process serves (design D11): refused at boot rather than at the first request."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from dependency_injector import providers

from plexsphere.composition.builders.authorization import Authorization
from plexsphere.composition.builders.credentials import Credentials
from plexsphere.composition.container import Root
from plexsphere.composition.process import opened
from plexsphere.composition.settings import WRAP_KEY_VAR, Settings, SettingsError
from plexsphere.identity.adapters.nacl_event_signer import NaclEventSigner
from plexsphere.identity.domain.errors import WrapKeyMismatch
from plexsphere.platform.db.migrator import pending
from plexsphere.platform.kernel.clock import Clock

WRONG_KEY: Final = (
    f"{WRAP_KEY_VAR} is not the key this database was sealed under; start with the one of its first boot"
)


class SchemaBehind(Exception):
    """The database lacks migrations; the message says what to run."""


@asynccontextmanager
async def booted(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Any]:
    """
    Yield the root of a process whose pool is open and whose keys open, and close the pool at the end.

    `clock` stands in for the machine's own.

    Raises:
        StoreUnavailable: the database does not answer.
        SchemaBehind: it lacks migrations.
        SettingsError: the wrap key is another one than that of the first boot.
    """
    root = Root(settings=settings)
    if clock is not None:
        root.clock.override(providers.Object(clock))
    async with opened(root.platform().pool):
        await _require_schema(settings)
        root.signer.override(providers.Object(await _signer(root.credentials())))
        await _prepare_mirror(root.authorization())
        yield root


async def _require_schema(settings: Settings) -> None:
    lacking = await pending(settings.dsn)
    if lacking:
        raise SchemaBehind(f"the database lacks {len(lacking)} migrations; run: plexsphere migrate")


async def _signer(credentials: Credentials) -> NaclEventSigner:
    try:
        await credentials.ensure_seal_check()
        await credentials.ensure_signing_key()
        return NaclEventSigner(await credentials.load_signing_keys())
    except WrapKeyMismatch as error:
        raise SettingsError(WRONG_KEY) from error


async def _prepare_mirror(authorization: Authorization) -> None:
    if authorization.mirroring is not None:
        await authorization.mirroring.prepare()
