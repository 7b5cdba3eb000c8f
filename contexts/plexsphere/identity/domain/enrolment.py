"""What presenting a bootstrap token comes to."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from plexsphere.identity.domain.bootstrap_token import BootstrapTokenKind
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId, TokenId


@dataclass(frozen=True, slots=True)
class Applicant:
    """The machine that presents a token: the node it would become, its public key, its hostname in lower case."""

    node_id: NodeId
    public_key: bytes
    hostname: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """The token was good and is now bound to the applicant's node."""

    domain_id: DomainId
    project_id: ProjectId
    kind: BootstrapTokenKind
    labels: Mapping[str, str]
    token_id: TokenId


@dataclass(frozen=True, slots=True)
class Again:
    """The same machine asks again because the answer was lost: it is the node it became then."""

    domain_id: DomainId
    node_id: NodeId


@dataclass(frozen=True, slots=True)
class Redemption:
    """An outcome that counts once the text itself is proven."""

    outcome: Admitted | Again
    secret_sha256: bytes

    def is_proven_by(self, text_digest: bytes) -> bool:
        """Say, in constant time, whether the text with this digest is the token."""
        return hmac.compare_digest(self.secret_sha256, text_digest)
