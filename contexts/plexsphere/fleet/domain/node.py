"""Nodes: machines of a Project, with their place in the Domain's mesh."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId


class NodeKind(StrEnum):
    """What a node does in the mesh."""

    NODE = "node"
    BRIDGE = "bridge"


class Reachability(StrEnum):
    """How the control plane last heard of a node; agents are told `unreachable` of a stale one, `offline` after it."""

    NEVER_REPORTED = "never_reported"
    HEALTHY = "healthy"
    STALE = "stale"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Node:
    """
    A registered machine.

    `metadata` is what operators say of it and selects in policies; `facts` is what it says of itself and never does
    (design D16). `version` rises with everything that its peers or itself are told; `psk_epoch` with its pair keys
    (design D13). `first_offset` is where its first event stream begins; None once that stream was opened. A node
    that is unreachable is taken away from its peers, unless the guard withholds that (design D27).
    """

    domain_id: DomainId
    id: NodeId
    project_id: ProjectId
    kind: NodeKind
    name: str
    hostname: Hostname
    public_key: PublicKey
    mesh_ip: IPv4Address
    endpoint: str
    nat_type: str
    psk_epoch: int
    metadata: Mapping[str, str]
    facts: Mapping[str, str]
    version: int
    reachability: Reachability
    created_at: datetime
    first_offset: int | None
    removed_at: datetime | None = None
    is_withheld: bool = False

    @property
    def is_taken_away(self) -> bool:
        """Tell whether the node's peers have removed it, though who sees whom is as before."""
        return self.reachability is Reachability.UNREACHABLE and not self.is_withheld

    @property
    def is_silent(self) -> bool:
        """Tell whether the node missed heartbeats; one that never sent any missed none."""
        return self.reachability in (Reachability.STALE, Reachability.UNREACHABLE)
