"""What proves a node, and what only it can read (design D8 to D10)."""

import hmac
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

from plexsphere.platform.kernel.ids import DomainId, NodeId, TokenId
from plexsphere.platform.kernel.sealing import Binding
from plexsphere.platform.kernel.secret import Secret

NSK_PURPOSE: Final = "node-secret-key"


@dataclass(frozen=True)
class NodePrincipal:
    """Who a node's bearer proved to be."""

    domain_id: DomainId
    node_id: NodeId

    @cached_property
    def name(self) -> str:
        """The node's id as text, made once: every call of the node is compared with it."""
        return str(self.node_id)


@dataclass(frozen=True, slots=True)
class NodeCredentials:
    """The two secrets of a node, as the registration answer carries them; shown this once."""

    node_token: Secret[str]
    node_secret_key: Secret[str]


@dataclass(frozen=True, slots=True)
class KeptCredentials:
    """What is kept of a node's credentials: digests of both, and the node secret key sealed."""

    token_sha256: bytes
    nsk_sha256: bytes
    nsk_sealed: bytes
    nsk_version: int


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """
    The identity of one node, from registration until its end.

    `public_key` and `hostname` are those it registered with; together with the token they prove a repeated
    registration. `is_used` says that the node has made an authenticated call.
    """

    domain_id: DomainId
    node_id: NodeId
    token_id: TokenId
    public_key: bytes
    hostname: str
    kept: KeptCredentials
    is_used: bool = False
    is_ended: bool = False

    @property
    def principal(self) -> NodePrincipal:
        """Return the node as a caller."""
        return NodePrincipal(self.domain_id, self.node_id)

    def is_proven_by_token(self, text_digest: bytes) -> bool:
        """Say, in constant time, whether the text with this digest is the living node's token."""
        return hmac.compare_digest(self.kept.token_sha256, text_digest) and not self.is_ended

    def is_proven_by_nsk(self, text_digest: bytes) -> bool:
        """Say, in constant time, whether the text with this digest is the living node's secret key."""
        return hmac.compare_digest(self.kept.nsk_sha256, text_digest) and not self.is_ended

    def renewed(self, kept: KeptCredentials) -> Self:
        """Return the identity with credentials that make the old ones void."""
        return replace(self, kept=kept)


def nsk_binding(domain_id: DomainId, node_id: NodeId, version: int) -> Binding:
    """Return the one place where this version of a node's secret key may lie."""
    return Binding(NSK_PURPOSE, domain_id, node_id, version)
