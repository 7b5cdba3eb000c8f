"""The node's Curve25519 key pair; the private half never leaves the node."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from plexd.protocol.keys.base64_key import print_base64
from plexd.protocol.masked import Masked


class KeyPair:
    """A private key, masked, and the public key that the mesh may know; both base64 of 32 bytes."""

    __slots__ = ("private_key", "public_key")

    def __init__(self, private_key: Masked, public_key: str) -> None:
        self.private_key = private_key
        self.public_key = public_key

    @classmethod
    def generate(cls) -> "KeyPair":
        """Return a pair that never was before."""
        private = X25519PrivateKey.generate()
        return cls(
            Masked(print_base64(private.private_bytes_raw())),
            print_base64(private.public_key().public_bytes_raw()),
        )

    def __repr__(self) -> str:
        return f"KeyPair(public_key={self.public_key!r})"
