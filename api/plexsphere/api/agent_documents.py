"""Documents of plexd.md that several calls of the agents carry."""

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
    type: str = ""
    required: bool = False
    default: Any = None
    description: str = ""


class ActionCapability(msgspec.Struct, frozen=True):
    """A built-in action."""

    name: Name
    description: str = ""
    parameters: list[ParameterDef] | None = None


class HookCapability(msgspec.Struct, frozen=True):
    """A declared hook."""

    name: Name
    description: str = ""
    source: Word = ""
    checksum: Word = ""
    parameters: list[ParameterDef] | None = None
    timeout: str = ""
    sandbox: str = ""
    privileged: bool = False


class DiscoveredHook(msgspec.Struct, frozen=True):
    """A hook as it was found in the node's cluster; told beside what is declared, or not at all."""

    name: Name
    image_digest: Word = ""


class BinaryInfo(msgspec.Struct, frozen=True):
    """The agent's binary."""

    version: Word = ""
    checksum: Word = ""


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
