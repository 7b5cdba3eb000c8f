"""plexsphere serve: production, everything from the environment."""

import os
from dataclasses import replace

import click

from plexsphere.composition.roles import EVERY_ROLE, NAMES, Roles, named, parse_roles
from plexsphere.composition.serving import run, say, serving
from plexsphere.composition.settings import Settings, SettingsError

EXAMPLE = """
\b
Example:
  export PLEXSPHERE_DSN=postgresql://plexsphere@db/plexsphere
  export PLEXSPHERE_NSK_WRAP_KEY_B64=$(openssl rand -base64 32)
  plexsphere migrate && plexsphere serve

\b
The same in two processes, each with its own PLEXSPHERE_LISTEN:
  plexsphere serve --roles api,streams
  plexsphere serve --roles sequencer
"""


def _roles(_: click.Context, __: click.Parameter, text: str) -> Roles:
    try:
        return parse_roles(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(epilog=EXAMPLE)
@click.option("--roles", default=NAMES, show_default=True, callback=_roles, help="What this process does.")
def serve(roles: Roles) -> None:
    """
    Serve with nothing embedded; any number of processes may share one PostgreSQL.

    \b
    api        answers operators and nodes, but for event streams
    streams    serves GET /v1/nodes/{node_id}/events
    sequencer  numbers committed events and seals the audit trail, prunes what
               is old, keeps SpiceDB in step, marks nodes that fell silent,
               releases waves of actions and ends those that are overdue,
               judges binaries and settles pushes

    A deployment needs each role somewhere, and several processes may share one. Whatever a process does not serve it
    refuses with 503; /health and /v1/health are answered by all.
    """
    run(_serve(replace(settings_or_refuse(), roles=roles)))


def settings_or_refuse() -> Settings:
    """Return the settings, or end with the line that says what is missing."""
    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


async def _serve(settings: Settings) -> None:
    async with serving(settings):
        part = "" if settings.roles == EVERY_ROLE else f" as {named(settings.roles)}"
        say(f"Plexsphere serves on {settings.listen.host}:{settings.listen.port}{part}")
