"""What must be true before a process serves (design D11): refused at boot rather than at the first request."""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from dependency_injector import providers
from psycopg import AsyncConnection, OperationalError

from plexsphere.composition.builders.authorization import Authorization
from plexsphere.composition.builders.credentials import Credentials
from plexsphere.composition.container import Root
from plexsphere.composition.process import opened
from plexsphere.composition.push_keys import require_push_keys
from plexsphere.composition.settings import WRAP_KEY_VAR, Settings, SettingsError
from plexsphere.identity.adapters.nacl_event_signer import NaclEventSigner
from plexsphere.identity.domain.errors import WrapKeyMismatch
from plexsphere.platform.db.pool import application_name
from plexsphere.platform.db.schema import shipped
from plexsphere.platform.db.schema_state import require_unbroken, schema_state
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.boot")

CONNECT_SECONDS: Final = 5
# A process that boots beside another one waits for the mirror's turn, 5 s each time.
MOST_PREPARATIONS: Final = 12
WRONG_KEY: Final = (
    f"{WRAP_KEY_VAR} is not the key this database was sealed under; start with the one of its first boot"
)


class SchemaBehind(Exception):
    """The database lacks migrations; the message says what to run."""


@asynccontextmanager
async def booted(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Any]:
    """
    Yield the root of a process that can do everything: its pool and its keys are open, its mirror is in step.

    `clock` stands in for the machine's own.

    Raises:
        StoreUnavailable: the database does not answer.
        SchemaBehind: it lacks migrations.
        SchemaBeyond: it was contracted for newer versions.
        SettingsError: a wrap key is another one than that of the first boot, or SpiceDB's address is none.
        AuthzUnavailable: SpiceDB is named and does not answer.
    """
    async with connected(settings, clock) as root:
        await root.platform().server_time.anchor()
        root.signer.override(providers.Object(await _signer(root.credentials())))
        if settings.managed_push is not None:
            await require_push_keys(root.platform().database, settings.managed_push.ring)
        await _prepare_mirror(root.authorization())
        yield root


@asynccontextmanager
async def connected(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Any]:
    """
    Yield the root of a process with an open pool that has changed nothing yet, and close what it opened at the end.

    Raises:
        StoreUnavailable: the database does not answer.
        SchemaBehind: it lacks migrations.
        SchemaBeyond: it was contracted for newer versions.
        SettingsError: SpiceDB's address is none, or failpoints go with settings of production.
    """
    root = Root(settings=settings)
    if clock is not None:
        root.clock.override(providers.Object(clock))
    if settings.failpoints:
        _weave_failpoints(root, settings)
    await require_database(settings.dsn)
    await require_schema(settings.dsn)
    async with opened(root.platform().pools), _closed(root.authorization()):
        # Whoever contracts looks at sessions: one who looked before these were open has raised the floor by now.
        await require_unbroken(root.platform().backstage)
        yield root


def _weave_failpoints(root: Any, settings: Settings) -> None:
    # Only a process that is to fail on purpose loads what makes it fail.
    from plexsphere.composition.failpoints.places import BACKSTAGE, REQUEST
    from plexsphere.composition.failpoints.weaving import weave

    weave(settings, os.environ, dict(zip((REQUEST, BACKSTAGE), root.platform().pools, strict=True)))


async def require_database(dsn: Secret[str]) -> None:
    """
    Return when the database lets this process in.

    Raises:
        StoreUnavailable: not within 5 s for each address of its host.
    """
    try:
        async with await AsyncConnection.connect(
            dsn.reveal(),
            connect_timeout=CONNECT_SECONDS,
            application_name=application_name("", shipped().level),
        ):
            return
    except OperationalError as error:
        raise StoreUnavailable from error


async def require_schema(dsn: Secret[str]) -> None:
    """
    Return when the database has what this version needs; what newer versions added does no harm.

    Raises:
        SchemaBehind: it lacks migrations.
        SchemaBeyond: it was contracted for newer versions.
    """
    state = await schema_state(dsn, shipped())
    state.require_floor()
    if state.lacking:
        raise SchemaBehind(f"the database lacks {len(state.lacking)} migrations; run: plexsphere migrate")


async def _signer(credentials: Credentials) -> NaclEventSigner:
    try:
        await credentials.ensure_seal_check()
        await credentials.ensure_signing_key()
        return NaclEventSigner(await credentials.load_signing_keys())
    except WrapKeyMismatch as error:
        raise SettingsError(WRONG_KEY) from error


@asynccontextmanager
async def _closed(authorization: Authorization) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        if authorization.mirroring is not None:
            await authorization.mirroring.close()


async def _prepare_mirror(authorization: Authorization) -> None:
    mirroring = authorization.mirroring
    if mirroring is None:
        return
    for _ in range(MOST_PREPARATIONS - 1):
        try:
            await mirroring.prepare()
            return
        except StoreOverloaded:
            LOG.info("another process fills SpiceDB; waiting for it")
    await mirroring.prepare()
