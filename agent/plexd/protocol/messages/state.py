"""Desired state and the drift found against it (plexd.md, Reconciliation & State)."""

from dataclasses import dataclass

import msgspec

from plexd.protocol.messages.entries import Entry, SecretRef
from plexd.protocol.messages.executions import ActionRequest
from plexd.protocol.messages.peers import Peer
from plexd.protocol.wire import AwareInstant, NullIsEmpty, fill_nulls


class PolicyRule(msgspec.Struct, frozen=True):
    """One rule over mesh addresses; port 0 is any port, an empty protocol any protocol (design D16)."""

    src: str
    dst: str
    port: int = 0
    protocol: str = ""
    action: str = ""
    port_from: int | None = None
    port_to: int | None = None


class Policy(msgspec.Struct, frozen=True):
    """A policy as far as it concerns this node; its id carries its revision."""

    id: str
    rules: NullIsEmpty[tuple[PolicyRule, ...]] = ()

    def __post_init__(self) -> None:
        fill_nulls(self, rules=())


class PublishedSigningKeys(msgspec.Struct, frozen=True):
    """Whose signatures count: base64 keys, the previous one until `transition_expires`."""

    current: str
    previous: str | None = None
    transition_expires: AwareInstant | None = None


class State(msgspec.Struct, frozen=True):
    """All that a node should have, as of one instant."""

    peers: NullIsEmpty[tuple[Peer, ...]] = ()
    policies: NullIsEmpty[tuple[Policy, ...]] = ()
    signing_keys: PublishedSigningKeys | None = None
    metadata: NullIsEmpty[dict[str, str]] = {}
    data: NullIsEmpty[tuple[Entry, ...]] = ()
    secret_refs: NullIsEmpty[tuple[SecretRef, ...]] = ()
    pending_actions: NullIsEmpty[tuple[ActionRequest, ...]] = ()

    def __post_init__(self) -> None:
        fill_nulls(self, peers=(), policies=(), metadata={}, data=(), secret_refs=(), pending_actions=())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state with the log offset it was taken at; None where the control plane named none (design D25)."""

    state: State
    version: int | None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The control plane has nothing newer than the state fetched last."""

    version: int | None


class Correction(msgspec.Struct, frozen=True):
    """One thing that reconciliation put right."""

    type: str
    detail: str


class DriftReport(msgspec.Struct, frozen=True):
    """What a reconciliation put right, and when."""

    timestamp: str
    corrections: tuple[Correction, ...]
