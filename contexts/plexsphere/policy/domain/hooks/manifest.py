"""What a node announces that it can do (plexd.md, Capability Announcement)."""

from dataclasses import dataclass

from plexsphere.policy.domain.actions.definition import ActionDefinition
from plexsphere.policy.domain.hooks.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Binary:
    """The agent's own binary as announced."""

    version: str = ""
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredHook:
    """A hook that somebody declared on the node, and where it runs."""

    definition: ActionDefinition
    sandbox: Sandbox


@dataclass(frozen=True, slots=True)
class SeenHook:
    """A PlexdHook object as the agent found it in its cluster."""

    name: str
    image_digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    A whole announcement; `seen` None where the agent told nothing apart of what it found.

    Of two entries of one name that show the same the first counts; where they differ neither can be asked for.
    """

    binary: Binary = Binary()
    builtin_actions: tuple[ActionDefinition, ...] = ()
    hooks: tuple[DeclaredHook, ...] = ()
    seen: tuple[SeenHook, ...] | None = None
