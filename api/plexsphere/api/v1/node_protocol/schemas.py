"""What nodes send and are told; unknown fields are ignored, for agents differ (design D34)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from plexsphere.api.agent_documents import Peer

Word = Annotated[str, msgspec.Meta(max_length=255)]


class HeartbeatRequest(msgspec.Struct, frozen=True):
    """A heartbeat; agents in the field send it with empty values."""

    node_id: Word = ""
    timestamp: datetime | None = None
    status: Word = ""
    uptime: Word = ""
    binary_checksum: Word = ""


class HeartbeatAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the node is asked to do."""

    reconcile: bool = False
    rotate_keys: bool = False


class EndpointRequest(msgspec.Struct, frozen=True):
    """Where a node found itself to be reached."""

    public_endpoint: Word
    nat_type: Word = ""


class PeerEndpoint(msgspec.Struct, frozen=True):
    """Where a visible peer is reached."""

    peer_id: str
    endpoint: str


class EndpointAnswer(msgspec.Struct, frozen=True):
    """Where the node's visible peers are reached."""

    peer_endpoints: list[PeerEndpoint]


class CorrectionRequest(msgspec.Struct, frozen=True):
    """One thing that a node put right; both are open text."""

    type: Annotated[str, msgspec.Meta(max_length=255)]
    detail: Annotated[str, msgspec.Meta(max_length=4096)] = ""


class DriftRequest(msgspec.Struct, frozen=True):
    """What a node put right in one reconciliation."""

    timestamp: datetime | None = None
    corrections: Annotated[list[CorrectionRequest], msgspec.Meta(max_length=4096)] | None = None


class PolicyRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A compiled rule; an empty protocol and port 0 mean any."""

    src: str
    dst: str
    port: int
    protocol: str
    action: str
    port_from: int | None = None
    port_to: int | None = None


class CompiledPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A policy in the agents' form; its id changes with its content.

    What is only to be noted stands in `log_rules`, never in `rules`.
    """

    id: str
    rules: list[PolicyRule]
    log_rules: list[PolicyRule] = []


class Enforcement(msgspec.Struct, frozen=True):
    """What becomes of traffic that no policy speaks of, and whether refused packets are noted."""

    default_action: str
    log_denied: bool


class SigningKeys(msgspec.Struct, frozen=True):
    """The keys that events verify under."""

    current: str
    previous: str | None
    transition_expires: str | None


class NodeState(msgspec.Struct, frozen=True):
    """The desired state of a node."""

    peers: list[Peer]
    policies: list[CompiledPolicy]
    enforcement: Enforcement
    signing_keys: SigningKeys
    metadata: dict[str, str]
    data: list[Any]
    secret_refs: list[Any]
    pending_actions: list[Any]


class Done(msgspec.Struct, frozen=True):
    """An empty object: agents want JSON in every answer."""
