"""plexsphere authz reconcile: compare SpiceDB with the tuples, and repair it."""

import click

from plexsphere.composition.boot import connected
from plexsphere.composition.builders.authorization import Mirroring
from plexsphere.composition.commands.serve import settings_or_refuse
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import SPICEDB_VAR, Settings
from plexsphere.identity.application.reconcile_authorizer import Differences
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable

EXAMPLE = """
\b
Example:
  plexsphere authz reconcile           reports and changes nothing
  plexsphere authz reconcile --repair  writes what is missing, deletes what is stale
"""
UNREADABLE = (
    f"SpiceDB does not answer, or does not hold our schema yet; check {SPICEDB_VAR}, "
    "or run: plexsphere authz reconcile --repair"
)


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
    # Not booted: that would repair a mirror that is out of step, and there would be nothing left to report.
    async with connected(settings) as root:
        mirroring = root.authorization().mirroring
        found = await (_repaired(mirroring) if repair else _compared(mirroring))
    verb = "repaired" if repair else "found"
    say(f"{verb}: {found.missing} missing in SpiceDB, {found.stale} stale there")


async def _repaired(mirroring: Mirroring) -> Differences:
    return await mirroring.prepare() or await mirroring.reconcile(repair=True)


async def _compared(mirroring: Mirroring) -> Differences:
    try:
        return await mirroring.reconcile(repair=False)
    except AuthzUnavailable:
        raise click.ClickException(UNREADABLE) from None
