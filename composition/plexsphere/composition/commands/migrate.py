"""plexsphere migrate: bring the database to this version's schema."""

import os

import click

from plexsphere.composition.boot import require_database
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import dsn
from plexsphere.platform.db.migrator import migrate as apply_migrations

EXAMPLE = """
\b
Example:
  PLEXSPHERE_DSN=postgresql://plexsphere@db/plexsphere plexsphere migrate
"""


@click.command(epilog=EXAMPLE)
def migrate() -> None:
    """Apply the migrations that the database lacks; safe to run from several places at once."""
    run(_migrate())


async def _migrate() -> None:
    database = dsn(os.environ)
    await require_database(database)
    applied = await apply_migrations(database)
    for name in applied:
        say(f"applied {name}")
    say(f"The database is up to date ({len(applied)} applied).")
