"""Registration: a bootstrap token for an identity (plexd.md, Phase 1)."""

from dataclasses import dataclass

import msgspec

from plexd.protocol.masked import Masked
from plexd.protocol.messages.capabilities import Capabilities
from plexd.protocol.messages.peers import Peer
from plexd.protocol.wire import NullIsEmpty, fill_nulls


class RegisterRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a node says of itself to be let in; repeated word for word after a lost answer (design D10)."""

    token: Masked
    public_key: str
    hostname: str
    metadata: dict[str, str] = {}
    capabilities: Capabilities | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a node is on every later call: its id and its bearer."""

    node_id: str
    token: Masked


class Registration(msgspec.Struct, frozen=True):
    """What the control plane gave: an identity, a place in the mesh, keys, and the first peers."""

    node_id: str
    mesh_ip: str
    signing_public_key: str
    node_secret_key: Masked
    node_token: Masked
    peers: NullIsEmpty[tuple[Peer, ...]] = ()

    def __post_init__(self) -> None:
        fill_nulls(self, peers=())

    def identity(self) -> Identity:
        """Return the identity that later calls carry (design D8)."""
        return Identity(self.node_id, self.node_token)
