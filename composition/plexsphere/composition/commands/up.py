"""plexsphere up: a serving control plane out of nothing (design section 3)."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import click

from plexsphere.composition.boot import require_database
from plexsphere.composition.embedded.errors import EmbeddedPostgresError
from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from plexsphere.composition.first_boot import FirstBoot
from plexsphere.composition.local import DataFolder
from plexsphere.composition.serving import run, say, serving
from plexsphere.composition.settings import DSN_VAR, Settings, SettingsError
from plexsphere.platform.db.migrator import migrate

EXAMPLE = """
\b
Example:
  plexsphere up
  PLEXSPHERE_LISTEN=127.0.0.1:9090 PLEXSPHERE_DATA_DIR=~/plexsphere plexsphere up
"""


@click.command(epilog=EXAMPLE)
def up() -> None:
    """
    Serve on 127.0.0.1:8080 with an embedded PostgreSQL, keeping everything in .data; Ctrl-C stops all of it.

    PLEXSPHERE_LISTEN, PLEXSPHERE_DATA_DIR and PLEXSPHERE_DSN choose another address, folder or database.
    """
    with local_settings() as (folder, settings):
        run(_serve(folder, settings))


@contextmanager
def local_settings() -> Generator[tuple[DataFolder, Settings]]:
    """Lend the settings of the local deployment while its database runs."""
    try:
        folder = DataFolder.chosen(os.environ)
        if os.environ.get(DSN_VAR):
            yield folder, Settings.from_environ(folder.environ(os.environ, None))
            return
        with EmbeddedPostgres(folder.path, progress=lambda line: say(f"  {line}")) as postgres:
            yield folder, Settings.from_environ(folder.environ(os.environ, postgres.dsn))
    except (EmbeddedPostgresError, SettingsError) as error:
        raise click.ClickException(str(error)) from None


async def _serve(folder: DataFolder, settings: Settings) -> None:
    await require_database(settings.dsn)
    # Nobody else works with an embedded database, and so nobody needs what a contraction takes away.
    for name in await migrate(settings.dsn, contract=DSN_VAR not in os.environ):
        say(f"  migrated {name}")
    async with serving(settings) as root:
        await _first_boot(folder, root)
        scheme = "https" if settings.tls else "http"
        say(
            f"Plexsphere serves on {scheme}://{settings.listen.host}:{settings.listen.port}  (Ctrl-C stops it)"
        )


async def _first_boot(folder: DataFolder, root: Any) -> None:
    first_boot = FirstBoot(
        root.authorization().unit_of_work, root.platform().trail, root.tenancy(), root.policy()
    )
    await first_boot()
    if folder.operator_token.exists():
        say(f"The operator's token is in {folder.operator_token}")
        return
    token = await first_boot.operator_token()
    folder.keep_operator_token(token)
    say(f"The operator's token, shown this once and kept in {folder.operator_token}:\n  {token.reveal()}")
