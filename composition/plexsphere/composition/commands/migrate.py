"""plexsphere migrate: bring the database to this version's schema, while other versions serve (decision 0036)."""

import os

import click

from plexsphere.composition.boot import require_database
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import dsn
from plexsphere.platform.db.migrator import migrate as apply_migrations
from plexsphere.platform.db.schema import KnownMigration, shipped
from plexsphere.platform.db.schema_state import SchemaState, schema_state

EXAMPLE = """
\b
Example:
  export PLEXSPHERE_DSN=postgresql://plexsphere@db/plexsphere
  plexsphere migrate --dry-run    says what would be done, and who is connected
  plexsphere migrate              before the first process of the new version starts
  plexsphere migrate --contract   after the last process of the old version ended
"""


@click.command(epilog=EXAMPLE)
@click.option("--contract", is_flag=True, help="Also take away what only older versions use.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def migrate(contract: bool, dry_run: bool) -> None:
    """
    Apply the migrations that the database lacks; safe while processes serve, and from several places at once.

    What would break processes of older versions is held back until --contract, which refuses while one is connected.
    """
    run(_say_what_would_be_done(contract) if dry_run else _migrate(contract))


async def _migrate(contract: bool) -> None:
    database = dsn(os.environ)
    await require_database(database)
    applied = await apply_migrations(database, contract=contract, told=say)
    for name in applied:
        say(f"applied {name}")
    for each in (await schema_state(database, shipped())).held_back:
        say(_held_back(each))
    say(f"The database is up to date ({len(applied)} applied).")


async def _say_what_would_be_done(contract: bool) -> None:
    database = dsn(os.environ)
    await require_database(database)
    state = await schema_state(database, shipped())
    contracts = contract or not state.applied
    for each in state.lacking + (state.held_back if contracts else []):
        say(f"would apply {each.id} ({each.phase.value})")
    for each in [] if contracts else state.held_back:
        say(_held_back(each))
    _say_who_is_connected(state)


def _held_back(each: KnownMigration) -> str:
    return f"held back {each.id}: it breaks processes below schema {each.floor:04}; then: plexsphere migrate --contract"


def _say_who_is_connected(state: SchemaState) -> None:
    serves = f"schema {state.floor:04} and newer" if state.floor else "every version"
    say(f"This version has schema {state.schema.level:04}; the database serves {serves}.")
    for level, sessions in state.connected.items():
        say(f"connected: {f'schema {level:04}' if level else 'an unnamed version'} ({sessions} sessions)")
