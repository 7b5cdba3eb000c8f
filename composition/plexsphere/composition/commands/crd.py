"""plexsphere crd: what a customer's cluster must know before hooks can be pushed into it."""

from importlib.resources import files
from typing import Final

import click

from plexsphere.composition.serving import say

EXAMPLE = """
\b
Example:
  plexsphere crd | kubectl apply -f -
"""
MANIFEST: Final = files("plexsphere.managed_push") / "crd" / "plexdhook.yaml"


@click.command(epilog=EXAMPLE)
def crd() -> None:
    """
    Print the CustomResourceDefinition of PlexdHook, for customers to apply to their clusters.

    It needs no database and no settings.
    """
    say(MANIFEST.read_text().rstrip())
