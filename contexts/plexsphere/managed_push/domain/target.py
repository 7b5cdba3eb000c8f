"""The per-Domain opt-in record."""

from dataclasses import dataclass, field
from datetime import datetime

from plexsphere.managed_push.domain.errors import Disabled, NotConfigured
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a Domain attached, and whether it opted in (managed-push.md, Ubiquitous language).

    The kubeconfig is there in its sealed form alone; `kubeconfig_sha256` is the fingerprint of the plaintext in hex.
    """

    domain_id: DomainId
    kubeconfig_ciphertext: bytes = field(repr=False)
    kubeconfig_sha256: str
    api_server_url: str
    enabled: bool
    created_at: datetime
    updated_at: datetime

    def can_push(self) -> bool:
        """Tell whether a credential is attached and the Domain opted in."""
        return bool(self.kubeconfig_ciphertext) and self.enabled


def require_configured(target: Target | None, domain_id: DomainId) -> Target:
    """
    Return the target, when a credential is attached.

    Raises:
        NotConfigured: there is none.
    """
    if target is None or not target.kubeconfig_ciphertext:
        raise NotConfigured(domain_id)
    return target


def require_pushable(target: Target | None, domain_id: DomainId) -> Target:
    """
    Return the target, when pushing to it is permitted: the credential gate first, then the enable gate.

    Raises:
        NotConfigured: no credential is attached.
        Disabled: the Domain did not opt in.
    """
    configured = require_configured(target, domain_id)
    if not configured.can_push():
        raise Disabled(domain_id)
    return configured
