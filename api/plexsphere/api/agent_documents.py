"""Documents of plexd.md that several calls of the agents carry."""

from typing import Any, Literal

import msgspec


class ParameterDef(msgspec.Struct, frozen=True):
    """A parameter of an action."""

    name: str
    type: str = ""
    required: bool = False
    default: Any = None
    description: str = ""


class ActionCapability(msgspec.Struct, frozen=True):
    """A built-in action."""

    name: str
    description: str = ""
    parameters: list[ParameterDef] | None = None


class HookCapability(msgspec.Struct, frozen=True):
    """A declared hook."""

    name: str
    description: str = ""
    source: str = ""
    checksum: str = ""
    parameters: list[ParameterDef] | None = None
    timeout: str = ""
    sandbox: str = ""
    privileged: bool = False


class BinaryInfo(msgspec.Struct, frozen=True):
    """The agent's binary."""

    version: str = ""
    checksum: str = ""


class Capabilities(msgspec.Struct, frozen=True):
    """What a node can do; stored whole, with what this does not name."""

    binary: BinaryInfo | None = None
    builtin_actions: list[ActionCapability] | None = None
    hooks: list[HookCapability] | None = None


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
