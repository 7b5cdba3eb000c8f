"""Documents of plexd.md that several calls of the agents carry; null is as good as nothing (design D34)."""

from typing import Annotated, Any, Final, Literal

import msgspec

# Names are parts of keys; none that an agent can run is longer.
LONGEST_NAME: Final = 253
MOST_OF_A_KIND: Final = 1024

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Word = Annotated[str, msgspec.Meta(max_length=255)]


class ParameterDef(msgspec.Struct, frozen=True):
    """A parameter of an action."""

    name: str
    type: str | None = ""
    required: bool | None = False
    default: Any = None
    description: str | None = ""


class ActionCapability(msgspec.Struct, frozen=True):
    """A built-in action; without `parameters` it is not known what it takes, and with an empty list it takes none."""

    name: Name
    description: str | None = ""
    parameters: list[ParameterDef] | None = None


class HookCapability(msgspec.Struct, frozen=True):
    """A declared hook; its `parameters` are to be read as a built-in action's."""

    name: Name
    description: str | None = ""
    source: Word | None = ""
    checksum: Word | None = ""
    parameters: list[ParameterDef] | None = None
    timeout: str | None = ""
    sandbox: str | None = ""
    privileged: bool | None = False


class DiscoveredHook(msgspec.Struct, frozen=True):
    """A hook as it was found in the node's cluster; told beside what is declared, or not at all."""

    name: Name
    image_digest: Word | None = ""


class BinaryInfo(msgspec.Struct, frozen=True):
    """The agent's binary."""

    version: Word | None = ""
    checksum: Word | None = ""


class Capabilities(msgspec.Struct, frozen=True):
    """What a node can do; stored whole, with what this does not name."""

    binary: BinaryInfo | None = None
    builtin_actions: Annotated[list[ActionCapability], msgspec.Meta(max_length=MOST_OF_A_KIND)] | None = None
    hooks: Annotated[list[HookCapability], msgspec.Meta(max_length=MOST_OF_A_KIND)] | None = None
    discovered_hooks: Annotated[list[DiscoveredHook], msgspec.Meta(max_length=MOST_OF_A_KIND)] | None = None


class Peer(msgspec.Struct, frozen=True):
    """A visible peer, with the key of the pair."""

    id: str
    peer_id: str
    public_key: str
    mesh_ip: str
    endpoint: str
    allowed_ips: list[str]
    liveness: Literal["reachable", "unreachable"]
    psk: str
    psk_epoch: str
