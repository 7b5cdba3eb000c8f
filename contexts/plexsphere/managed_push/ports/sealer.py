"""The at-rest cipher of the kubeconfig."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret


class Sealer(Protocol):
    """AES-256-GCM under the wrap key, bound to the Domain (managed-push.md, Sealing envelope)."""

    def seal(self, domain_id: DomainId, kubeconfig: Secret[bytes], /) -> bytes:
        """Return nonce, ciphertext and tag; they open for this Domain alone."""
        ...

    def open(self, domain_id: DomainId, sealed: bytes, /) -> Secret[bytes]:
        """
        Return what was sealed for the Domain.

        Raises:
            SealBroken: another key, another Domain, or altered bytes.
        """
        ...
