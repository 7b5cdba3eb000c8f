"""plexsphere token operator: the first way in, and the way back in."""

import click

from plexsphere.composition.boot import booted
from plexsphere.composition.commands.serve import settings_or_refuse
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import Settings

EXAMPLE = """
\b
Example:
  plexsphere token operator
"""


@click.group(epilog=EXAMPLE)
def token() -> None:
    """Tokens that need no token to be minted."""


@token.command(epilog=EXAMPLE)
def operator() -> None:
    """
    Mint a new operator of the platform and print the token, once.

    Whoever runs this holds the database and the wrap key already; the audit trail records it.
    """
    run(_mint(settings_or_refuse()))


async def _mint(settings: Settings) -> None:
    async with booted(settings) as root:
        issued = await root.tenancy().mint_operator()
        say(issued.plaintext.reveal())
