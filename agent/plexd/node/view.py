"""One node's picture of its mesh, its rules and its data."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from plexd.node.demand import Demand
from plexd.protocol.events.payloads import (
    NodeSecretsUpdated,
    NodeStateUpdated,
    Payload,
    PeerChanged,
    PeerRemoved,
    PolicyUpdated,
    RotateKeys,
    SessionRevoked,
    SigningKeyRotated,
)
from plexd.protocol.keys.base64_key import print_base64
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.messages.entries import Entry
from plexd.protocol.messages.executions import ActionCancelled, ActionRequest
from plexd.protocol.messages.peers import Peer, PeerEndpoint
from plexd.protocol.messages.state import Policy, State

REVOCATIONS: Final = 256


@dataclass(slots=True)
class View:
    """Everything an event or a state answer can change; each collection by the id or key of its members."""

    signing_keys: SigningKeys
    peers: dict[str, Peer] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    data: dict[str, Entry] = field(default_factory=dict)
    secrets: dict[str, int] = field(default_factory=dict)
    revoked_sessions: dict[str, None] = field(default_factory=dict)

    @classmethod
    def desired(cls, state: State, known: "View") -> "View":
        """
        Return what the state says, and what is `known` where a state says nothing.

        Raises:
            BadKeyError: the state publishes something that is no signing key.
        """
        keys = SigningKeys.published(state.signing_keys) if state.signing_keys else known.signing_keys
        return cls(
            signing_keys=keys,
            peers={peer.id: _with_known_liveness(peer, known.peers.get(peer.id)) for peer in state.peers},
            policies={policy.id: policy for policy in state.policies},
            metadata=dict(state.metadata),
            data={entry.key: entry for entry in state.data},
            secrets={ref.key: ref.version for ref in state.secret_refs},
            revoked_sessions=known.revoked_sessions,
        )

    def apply(self, payload: Payload) -> Demand:
        """Take in what a verified event says and tell what else it asks for; applying it again changes nothing."""
        match payload:
            case PeerChanged():
                return self._change(payload)
            case PeerRemoved():
                self.peers.pop(payload.subject, None)
            case PolicyUpdated():
                return self._replace_policies(payload)
            case NodeStateUpdated():
                self.metadata = dict(payload.metadata)
                self.data = {entry.key: entry for entry in payload.data}
            case NodeSecretsUpdated():
                self.secrets = {ref.key: ref.version for ref in payload.secret_refs}
            case SigningKeyRotated():
                return self._trust(payload)
            case SessionRevoked():
                self._revoke(payload.session_id)
            case RotateKeys():
                return Demand.ROTATE_KEYS
            case ActionRequest():
                return Demand.EXECUTE
            case ActionCancelled():
                return Demand.CANCEL
        return Demand.NOTHING

    def upsert(self, peers: Iterable[Peer]) -> None:
        """Add the peers or put them in place of those with their ids."""
        self.peers.update((peer.id, peer) for peer in peers)

    def move(self, endpoints: Iterable[PeerEndpoint]) -> None:
        """Set the endpoints of known peers; an empty one says nothing."""
        for told in endpoints:
            if told.endpoint and (known := self.peers.get(told.peer_id)):
                self.peers[told.peer_id] = msgspec.structs.replace(known, endpoint=told.endpoint)

    def _change(self, change: PeerChanged) -> Demand:
        peer = change.onto(self.peers.get(change.subject))
        if peer is None or not peer.id:
            return Demand.RECONCILE
        self.peers[peer.id] = peer
        return Demand.NOTHING

    def _replace_policies(self, update: PolicyUpdated) -> Demand:
        if update.policies is None:
            return Demand.RECONCILE
        self.policies = {policy.id: policy for policy in update.policies}
        return Demand.NOTHING

    def _trust(self, rotated: SigningKeyRotated) -> Demand:
        try:
            self.signing_keys = SigningKeys.published(
                rotated.published(print_base64(self.signing_keys.current))
            )
        except ValueError:
            # An empty or broken key must never take the place of one that works; the state has the truth.
            return Demand.RECONCILE
        return Demand.NOTHING

    def _revoke(self, session_id: str) -> None:
        self.revoked_sessions[session_id] = None
        if len(self.revoked_sessions) > REVOCATIONS:
            del self.revoked_sessions[next(iter(self.revoked_sessions))]


def _with_known_liveness(peer: Peer, known: Peer | None) -> Peer:
    if peer.liveness or known is None or not known.liveness:
        return peer
    return msgspec.structs.replace(peer, liveness=known.liveness)
