"""What a node can do (plexd.md, Capability Announcement)."""

import msgspec


class BinaryInfo(msgspec.Struct, frozen=True):
    """The running agent: its version and `sha256:` checksum."""

    version: str
    checksum: str


class ParameterDef(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter of an action or hook."""

    name: str
    type: str
    required: bool = False
    default: str | None = None
    description: str = ""


class ActionCapability(msgspec.Struct, frozen=True):
    """A built-in action."""

    name: str
    description: str = ""
    parameters: tuple[ParameterDef, ...] = ()


class HookCapability(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A hook found on the node (`source` is script) or declared in its cluster (`source` is crd).

    `parameters` empty where it takes none, None where nobody declared which.
    """

    name: str
    source: str
    checksum: str
    description: str = ""
    parameters: tuple[ParameterDef, ...] | None = None
    timeout: str = ""
    sandbox: str | None = None
    privileged: bool | None = None


class DiscoveredHook(msgspec.Struct, frozen=True):
    """A hook as seen in the cluster, whether or not it was declared (design D29)."""

    name: str
    image_digest: str


class Capabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything a node announces at registration and whenever it changes."""

    binary: BinaryInfo | None = None
    builtin_actions: tuple[ActionCapability, ...] = ()
    hooks: tuple[HookCapability, ...] = ()
    discovered_hooks: tuple[DiscoveredHook, ...] | None = None
