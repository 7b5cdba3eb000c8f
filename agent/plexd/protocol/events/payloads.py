"""What each event says (plexd.md, SSE Events; design D22)."""

from datetime import timedelta
from typing import Final, TypeAlias

import msgspec

from plexd.protocol.durations import parse_duration
from plexd.protocol.masked import Masked
from plexd.protocol.messages.entries import Entry, SecretRef
from plexd.protocol.messages.executions import ActionCancelled, ActionRequest
from plexd.protocol.messages.peers import Peer
from plexd.protocol.messages.state import Policy, PublishedSigningKeys
from plexd.protocol.wire import AwareInstant, NullIsEmpty, decode, fill_nulls


class PeerChanged(msgspec.Struct, frozen=True):
    """A peer was added, rotated its key, moved, or changed its liveness; fields left out stay as they were."""

    id: str = ""
    peer_id: str = ""
    public_key: str | None = None
    mesh_ip: str | None = None
    endpoint: str | None = None
    allowed_ips: tuple[str, ...] | None = None
    psk: Masked | None = None
    psk_epoch: str | None = None
    liveness: str | None = None

    @property
    def subject(self) -> str:
        """The id of the peer, under whichever of its two names it came."""
        return self.id or self.peer_id

    def onto(self, known: Peer | None) -> Peer | None:
        """Return the peer after the change; None where too little is known to have one."""
        told = {name: value for name in _PEER_FIELDS if (value := getattr(self, name)) is not None}
        if known is not None:
            return msgspec.structs.replace(known, **told)
        if "public_key" not in told or "mesh_ip" not in told:
            return None
        return Peer(id=self.subject, **told)


_PEER_FIELDS: Final = (
    "public_key",
    "mesh_ip",
    "endpoint",
    "allowed_ips",
    "psk",
    "psk_epoch",
    "liveness",
)


class PeerRemoved(msgspec.Struct, frozen=True):
    """A peer is gone; never carries a key."""

    id: str = ""
    peer_id: str = ""
    reason: str = ""

    @property
    def subject(self) -> str:
        """The id of the peer, under whichever of its two names it came."""
        return self.id or self.peer_id


class PolicyUpdated(msgspec.Struct, frozen=True):
    """The full ruleset, or None where it has to be fetched with the state."""

    policies: tuple[Policy, ...] | None = None


class SessionRevoked(msgspec.Struct, frozen=True):
    """A session whose token counts no more."""

    session_id: str
    revoked_at: str | None = None


class SshSessionSetup(msgspec.Struct, frozen=True):
    """A session to set up."""

    session_id: str = ""
    session_token: Masked | None = None
    target_host: str = ""
    target_port: int | None = None
    authorized_key: str = ""
    expires_at: str | None = None


class RotateKeys(msgspec.Struct, frozen=True):
    """The node is to make a new key pair."""


class SigningKeyRotated(msgspec.Struct, frozen=True):
    """A new signing key, in the words of the protocol and in those of a state answer."""

    new_signing_public_key: str = ""
    valid_from: AwareInstant | None = None
    transition_period: str = ""
    current: str = ""
    previous: str | None = None
    transition_expires: AwareInstant | None = None

    def published(self, known_current: str) -> PublishedSigningKeys:
        """
        Return the keys to trust from now on; `known_current` is the key trusted so far.

        Raises:
            ValueError: the transition period is not a duration, or ends beyond the calendar.
        """
        if self.current:
            return PublishedSigningKeys(self.current, self.previous, self.transition_expires)
        if self.valid_from is None:
            return PublishedSigningKeys(self.new_signing_public_key)
        try:
            expires = self.valid_from + self._period()
        except OverflowError as cause:
            raise ValueError("a transition without end") from cause
        return PublishedSigningKeys(self.new_signing_public_key, known_current, expires)

    def _period(self) -> timedelta:
        return parse_duration(self.transition_period)


class NodeStateUpdated(msgspec.Struct, frozen=True):
    """All metadata and data entries; what is not named is gone."""

    metadata: NullIsEmpty[dict[str, str]] = {}
    data: NullIsEmpty[tuple[Entry, ...]] = ()

    def __post_init__(self) -> None:
        fill_nulls(self, metadata={}, data=())


class NodeSecretsUpdated(msgspec.Struct, frozen=True):
    """All secret names and versions; never a value."""

    secret_refs: NullIsEmpty[tuple[SecretRef, ...]] = ()

    def __post_init__(self) -> None:
        fill_nulls(self, secret_refs=())


class UnknownPayload(msgspec.Struct, frozen=True):
    """An event of a type this agent does not know."""


Payload: TypeAlias = (
    PeerChanged
    | PeerRemoved
    | PolicyUpdated
    | ActionRequest
    | ActionCancelled
    | SessionRevoked
    | SshSessionSetup
    | RotateKeys
    | SigningKeyRotated
    | NodeStateUpdated
    | NodeSecretsUpdated
    | UnknownPayload
)

_KINDS: Final[dict[str, type[Payload]]] = {
    "peer_added": PeerChanged,
    "peer_removed": PeerRemoved,
    "peer_key_rotated": PeerChanged,
    "peer_endpoint_changed": PeerChanged,
    "policy_updated": PolicyUpdated,
    "action_request": ActionRequest,
    "action_cancelled": ActionCancelled,
    "session_revoked": SessionRevoked,
    "ssh_session_setup": SshSessionSetup,
    "rotate_keys": RotateKeys,
    "signing_key_rotated": SigningKeyRotated,
    "node_state_updated": NodeStateUpdated,
    "node_secrets_updated": NodeSecretsUpdated,
}


def read_payload(event_type: str, payload: bytes | msgspec.Raw) -> Payload:
    """
    Read a payload as what its event type says it is.

    Raises:
        Unreadable: it is something else.
    """
    return decode(payload, _KINDS.get(event_type, UnknownPayload))
