"""plexsphere reseal managed-push: leave nothing sealed under the former wrap key."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import click

from plexsphere.composition.boot import require_database, require_schema
from plexsphere.composition.push_keys import require_push_keys
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import (
    PREVIOUS_PUSH_KEY_VAR,
    PUSH_KEY_VAR,
    PushKeyRing,
    SettingsError,
    dsn,
)
from plexsphere.composition.settings import managed_push as settings_of_managed_push
from plexsphere.managed_push.adapters.postgres.sealed_rows import sealed_rows
from plexsphere.managed_push.application.reseal import Reseal, Resealed
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.secret import Secret

EXAMPLE = f"""
\b
Example:
  export {PUSH_KEY_VAR}=...             the new key
  export {PREVIOUS_PUSH_KEY_VAR}=...    the former one
  plexsphere reseal managed-push
\b
Every process must have been started anew with both before.
"""
NO_PREVIOUS: Final = (
    f"{PREVIOUS_PUSH_KEY_VAR} is not set; give it the key to move away from, and {PUSH_KEY_VAR} the new one"
)
DONE: Final = (
    f"Everything opens under {PUSH_KEY_VAR}: take {PREVIOUS_PUSH_KEY_VAR} out of the environment now."
)
NOT_DONE: Final = (
    "What opens under neither key was altered, or sealed under a third one; keep both until it is mended."
)
BROKEN: Final = 1


@click.group(epilog=EXAMPLE)
def reseal() -> None:
    """Move what is sealed at rest to a new wrap key."""


@reseal.command("managed-push", epilog=EXAMPLE)
def managed_push() -> None:
    """
    Seal every kubeconfig, prior state and parameter anew under the current key of managed push, and say how many.

    Needs the database and both keys. Safe while processes serve, once each of them has both; whoever is interrupted
    runs it again. It ends with status 1 where something opens under neither key.
    """
    run(_reseal(_keys()))


def _keys() -> PushKeyRing:
    try:
        settings = settings_of_managed_push(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    if settings is None or settings.ring.previous is None:
        raise click.ClickException(NO_PREVIOUS)
    return settings.ring


async def _reseal(keys: PushKeyRing) -> None:
    database = dsn(os.environ)
    await require_database(database)
    await require_schema(database)
    async with _opened(database) as store:
        told = await Reseal(sealed_rows(store, await require_push_keys(store, keys)))()
    for each in told:
        say(_in_words(each))
    if any(each.unopened for each in told):
        say(NOT_DONE)
        raise click.exceptions.Exit(BROKEN)
    say(DONE)


@asynccontextmanager
async def _opened(database: Secret[str]) -> AsyncGenerator[Database]:
    pool = build_pool(database, 1)
    await pool.open()
    try:
        yield Database(pool)
    finally:
        await pool.close()


def _in_words(resealed: Resealed) -> str:
    unopened = f", {resealed.unopened} open under neither key" if resealed.unopened else ""
    return f"{resealed.kind}: {resealed.moved} moved{unopened}"
