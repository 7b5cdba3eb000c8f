"""Fleet's event signer, answered by identity's signing key ring."""

from base64 import b64encode
from dataclasses import dataclass

from plexsphere.fleet.domain.node_state import SigningKeys
from plexsphere.identity.ports.event_signer import EventSigner


@dataclass(frozen=True, slots=True)
class IdentityEventSigner:
    """Answers fleet's port `EventSigner`."""

    signer: EventSigner

    def sign(self, octets: bytes, /) -> bytes:
        return self.signer.sign(octets)

    def keys(self) -> SigningKeys:
        ring = self.signer.ring()
        previous = b64encode(ring.previous).decode() if ring.previous else None
        return SigningKeys(b64encode(ring.current).decode(), previous, ring.transition_expires)
