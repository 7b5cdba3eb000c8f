"""A peer as the control plane tells of it."""

import msgspec

from plexd.protocol.masked import Masked
from plexd.protocol.wire import NullIsEmpty, fill_nulls


class Peer(msgspec.Struct, frozen=True, gc=False):
    """
    Another node of the mesh and how to reach it.

    `allowed_ips` is kept sorted, for its order says nothing. `psk` is the key of this pair alone, `psk_epoch` names
    its generation (design D13). `liveness` is empty where nothing was said of it (design D27).
    """

    id: str
    public_key: str
    mesh_ip: str
    endpoint: str = ""
    allowed_ips: NullIsEmpty[tuple[str, ...]] = ()
    psk: Masked = Masked("")
    psk_epoch: str = ""
    liveness: str = ""

    def __post_init__(self) -> None:
        fill_nulls(self, allowed_ips=())
        if len(self.allowed_ips) > 1:
            msgspec.structs.force_setattr(self, "allowed_ips", tuple(sorted(self.allowed_ips)))


class PeerEndpoint(msgspec.Struct, frozen=True, gc=False):
    """Where a peer was last seen by the control plane, `ip:port`; empty where it is not known."""

    peer_id: str
    endpoint: str = ""


class EndpointReport(msgspec.Struct, frozen=True):
    """Where this node found itself to be (plexd.md, NAT Endpoint Discovery)."""

    public_endpoint: str
    nat_type: str


class PeerEndpoints(msgspec.Struct, frozen=True):
    """The answer to an endpoint report."""

    peer_endpoints: NullIsEmpty[tuple[PeerEndpoint, ...]] = ()

    def __post_init__(self) -> None:
        fill_nulls(self, peer_endpoints=())


class KeyRotation(msgspec.Struct, frozen=True):
    """A node's new public key (plexd.md, Phase 4)."""

    node_id: str
    new_public_key: str


class RotatedPeers(msgspec.Struct, frozen=True):
    """The answer to a key rotation: the peers with their fresh pair keys."""

    updated_peers: NullIsEmpty[tuple[Peer, ...]] = ()

    def __post_init__(self) -> None:
        fill_nulls(self, updated_peers=())
