"""plexsphere authz reconcile: compare SpiceDB with the tuples, and repair it."""

import click

from plexsphere.composition.boot import booted
from plexsphere.composition.commands.serve import settings_or_refuse
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import SPICEDB_VAR, Settings

EXAMPLE = """
\b
Example:
  plexsphere authz reconcile           reports and changes nothing
  plexsphere authz reconcile --repair  writes what is missing, deletes what is stale
"""


@click.group(epilog=EXAMPLE)
def authz() -> None:
    """The external authorizer."""


@authz.command(epilog=EXAMPLE)
@click.option("--repair", is_flag=True, help="Make SpiceDB hold exactly the tuples.")
def reconcile(repair: bool) -> None:
    """Report where SpiceDB differs from the tuples in PostgreSQL."""
    run(_reconcile(settings_or_refuse(), repair))


async def _reconcile(settings: Settings, repair: bool) -> None:
    if settings.spicedb is None:
        raise click.ClickException(f"{SPICEDB_VAR} is not set; the local authorizer needs no mirror")
    async with booted(settings) as root:
        found = await root.authorization().mirroring.reconcile(repair=repair)
    verb = "repaired" if repair else "found"
    say(f"{verb}: {found.missing} missing in SpiceDB, {found.stale} stale there")
