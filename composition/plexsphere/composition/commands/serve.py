"""plexsphere serve: production, everything from the environment."""

import os

import click

from plexsphere.composition.serving import run, say, serving
from plexsphere.composition.settings import Settings, SettingsError

EXAMPLE = """
\b
Example:
  export PLEXSPHERE_DSN=postgresql://plexsphere@db/plexsphere
  export PLEXSPHERE_NSK_WRAP_KEY_B64=$(openssl rand -base64 32)
  plexsphere migrate && plexsphere serve
"""


@click.command(epilog=EXAMPLE)
def serve() -> None:
    """Serve with nothing embedded; any number of processes may share one PostgreSQL."""
    run(_serve(settings_or_refuse()))


def settings_or_refuse() -> Settings:
    """Return the settings, or end with the line that says what is missing."""
    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


async def _serve(settings: Settings) -> None:
    async with serving(settings):
        say(f"Plexsphere serves on {settings.listen.host}:{settings.listen.port}")
