"""The drawing of a node's two secrets."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from plexsphere.identity.domain.node_identity import KeptCredentials, NodeCredentials, nsk_binding
from plexsphere.identity.domain.token_text import SECRET_BYTES, TokenKind, digest, token_text
from plexsphere.identity.ports.entropy import Entropy
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.sealing import Sealer
from plexsphere.platform.kernel.secret import Secret

NSK_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class DrawNodeCredentials:
    """Return a fresh node token and node secret key, and what of them may be kept (design D8, D11)."""

    entropy: Entropy
    sealer: Sealer

    def __call__(
        self, domain_id: DomainId, node_id: NodeId, version: int
    ) -> tuple[NodeCredentials, KeptCredentials]:
        node_token = token_text(TokenKind.NODE, node_id, self.entropy(SECRET_BYTES))
        key = Secret(self.entropy(NSK_BYTES))
        key_text = Secret(b64encode(key.reveal()).decode())
        sealed = self.sealer.seal(key, nsk_binding(domain_id, node_id, version))
        kept = KeptCredentials(digest(node_token), digest(key_text), sealed, version)
        return NodeCredentials(node_token, key_text), kept
