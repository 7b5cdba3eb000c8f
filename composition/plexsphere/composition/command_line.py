"""The command line: plexsphere."""

import click

from plexsphere.composition.commands.audit import audit
from plexsphere.composition.commands.authz import authz
from plexsphere.composition.commands.crd import crd
from plexsphere.composition.commands.migrate import migrate
from plexsphere.composition.commands.reseal import reseal
from plexsphere.composition.commands.serve import serve
from plexsphere.composition.commands.token import token
from plexsphere.composition.commands.up import up

EXAMPLE = """
\b
Example:
  plexsphere up
  curl http://127.0.0.1:8080/v1/health
"""


@click.group(epilog=EXAMPLE)
@click.version_option(package_name="plexsphere")
def main() -> None:
    """Plexsphere: the control plane for fleets of plexd agents."""


for command in (up, serve, migrate, token, authz, audit, crd, reseal):
    main.add_command(command)
