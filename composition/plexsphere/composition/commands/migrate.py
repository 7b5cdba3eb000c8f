"""plexsphere migrate: bring the database to this version's schema."""

import click

from plexsphere.composition.commands.serve import settings_or_refuse
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import Settings
from plexsphere.platform.db.migrator import migrate as apply_migrations

EXAMPLE = """
\b
Example:
  PLEXSPHERE_DSN=postgresql://plexsphere@db/plexsphere plexsphere migrate
"""


@click.command(epilog=EXAMPLE)
def migrate() -> None:
    """Apply the migrations that the database lacks; safe to run from several places at once."""
    run(_migrate(settings_or_refuse()))


async def _migrate(settings: Settings) -> None:
    applied = await apply_migrations(settings.dsn)
    for name in applied:
        say(f"applied {name}")
    say(f"The database is up to date ({len(applied)} applied).")
