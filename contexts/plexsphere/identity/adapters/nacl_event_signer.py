"""Ed25519 by libsodium."""

from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_seed_keypair
from nacl.signing import SigningKey

from plexsphere.identity.domain.signing_key import KeyPair, OpenedSigningKeys, SigningKeyRing
from plexsphere.platform.kernel.secret import Secret


class NaclEventSigner:
    """Signs with the current key of the ring."""

    def __init__(self, keys: OpenedSigningKeys) -> None:
        """
        Take the keys in hand.

        Raises:
            ValueError: the seed is not the one of the current public key; agents would refuse every event.
        """
        public_key, self._secret_key = crypto_sign_seed_keypair(keys.seed.reveal())
        self._ring = keys.ring
        if public_key != keys.ring.current:
            raise ValueError("the private key is not the current public key's")

    def sign(self, octets: bytes) -> bytes:
        """Return the 64 bytes of the signature over the octets."""
        return crypto_sign(octets, self._secret_key)[:crypto_sign_BYTES]

    def ring(self) -> SigningKeyRing:
        """Return the public keys the signatures verify with."""
        return self._ring


def draw_key_pair() -> KeyPair:
    """Return a new Ed25519 key."""
    key = SigningKey.generate()
    return KeyPair(bytes(key.verify_key), Secret(bytes(key)))
