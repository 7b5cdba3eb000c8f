"""The desired state of a node and its tag (design D25)."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.domain.wire_json import wire_json


@dataclass(frozen=True)
class SigningKeys:
    """The public keys that events verify under, in base64; `previous` until the transition expires."""

    current: str
    previous: str | None = None
    transition_expires: datetime | None = None

    @cached_property
    def as_json(self) -> str:
        """The object of the state answer."""
        expires = self.transition_expires.strftime("%Y-%m-%dT%H:%M:%SZ") if self.transition_expires else None
        return wire_json({"current": self.current, "previous": self.previous, "transition_expires": expires})


@dataclass(frozen=True)
class Enforcement:
    """What a node does with traffic that no policy speaks of, and whether it notes what it refuses."""

    log_denied: bool

    @cached_property
    def as_json(self) -> str:
        """The object of the state answer and of `policy_updated`."""
        return wire_json({"default_action": "deny", "log_denied": self.log_denied})


class Tagged(NamedTuple):
    """A node's tag, and what it was made of: it holds while all four are the same objects."""

    node: Node
    moment: object
    pending: object
    signing_keys: SigningKeys
    tag: str

    def is_of(self, node: Node, moment: object, pending: object, signing_keys: SigningKeys) -> bool:
        """Tell whether the tag is that of the node at this moment, with what is pending for it."""
        return (
            self.node is node
            and self.moment is moment
            and self.pending is pending
            and self.signing_keys is signing_keys
        )


@dataclass(frozen=True, slots=True)
class StateParts:
    """Everything a node's state is made of, taken from the views at one moment."""

    node: Node
    generation: int
    peers_weight: int
    rules_tag: bytes
    pending_tag: bytes
    signing_keys: SigningKeys
    enforcement: Enforcement

    @property
    def tag(self) -> str:
        """
        Return the ETag: equal tags mean equal states.

        The node's version covers its metadata and its own epoch; the weight covers every visible peer's version,
        and with it that peer's epoch.
        """
        digest = blake2b(self.node.id.bytes, digest_size=16)
        digest.update(self.node.version.to_bytes(8, "big") + self.generation.to_bytes(8, "big"))
        digest.update(self.peers_weight.to_bytes(16, "big"))
        digest.update(self.rules_tag + self.pending_tag)
        digest.update((self.signing_keys.as_json + self.enforcement.as_json).encode())
        return f'"{digest.hexdigest()}"'


def state_body(
    node: Node, signing_keys: SigningKeys, enforcement: Enforcement, peers: str, policies: str, pending: str
) -> str:
    """Return the state as JSON; the three arrays are JSON already."""
    return (
        f'{{"peers":{peers},"policies":{policies},"enforcement":{enforcement.as_json},"signing_keys":{signing_keys.as_json},'
        f'"metadata":{wire_json(dict(node.metadata))},"data":[],"secret_refs":[],"pending_actions":{pending}}}'
    )
