"""Fleet's event signer, answered by identity's signing key ring."""

from base64 import b64encode
from typing import Final

from plexsphere.fleet.domain.node_state import SigningKeys
from plexsphere.identity.domain.signing_key import SigningKeyRing
from plexsphere.identity.ports.event_signer import EventSigner


class IdentityEventSigner:
    """Answers fleet's port `EventSigner`."""

    def __init__(self, signer: EventSigner) -> None:
        self._signer: Final = signer
        self._ring = signer.ring()
        self._keys = _keys_of(self._ring)

    def sign(self, octets: bytes, /) -> bytes:
        return self._signer.sign(octets)

    def keys(self) -> SigningKeys:
        # Every state asks for them; they are put into words again only when the ring is another.
        ring = self._signer.ring()
        if ring is not self._ring:
            self._ring, self._keys = ring, _keys_of(ring)
        return self._keys


def _keys_of(ring: SigningKeyRing) -> SigningKeys:
    previous = b64encode(ring.previous).decode() if ring.previous else None
    return SigningKeys(b64encode(ring.current).decode(), previous, ring.transition_expires)
