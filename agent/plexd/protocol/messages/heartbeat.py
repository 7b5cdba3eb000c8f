"""Signs of life (plexd.md, Heartbeat)."""

import msgspec


class MeshStatus(msgspec.Struct, frozen=True):
    """The mesh interface as the node has it."""

    interface: str
    peer_count: int
    listen_port: int


class NatStatus(msgspec.Struct, frozen=True):
    """The node's place behind address translation."""

    public_endpoint: str
    type: str


class Heartbeat(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sign of life; `timestamp` is RFC 3339, `uptime` such as `72h15m`."""

    node_id: str
    timestamp: str
    status: str
    uptime: str
    binary_checksum: str
    mesh: MeshStatus | None = None
    nat: NatStatus | None = None


class HeartbeatAnswer(msgspec.Struct, frozen=True):
    """What the control plane asks for in return."""

    reconcile: bool = False
    rotate_keys: bool = False
