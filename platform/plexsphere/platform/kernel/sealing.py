"""Sealing of secrets at rest, as a port (design D11)."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from plexsphere.platform.kernel.secret import Secret


class SealBroken(Exception):
    """Sealed bytes did not open: another key, another row, or somebody changed them."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The one place a sealed value may lie; bound as additional authenticated data."""

    purpose: str
    domain_id: UUID
    row_id: UUID
    version: int = 1

    def octets(self) -> bytes:
        """Return the unambiguous bytes of the binding."""
        purpose = self.purpose.encode()
        return b"".join(
            [
                len(purpose).to_bytes(2, "big"),
                purpose,
                self.domain_id.bytes,
                self.row_id.bytes,
                self.version.to_bytes(8, "big"),
            ]
        )


class Sealer(Protocol):
    """AES-256-GCM under the deployment's wrap key."""

    def seal(self, plaintext: Secret[bytes], binding: Binding) -> bytes:
        """Return bytes that open for this binding alone."""
        ...

    def open(self, sealed: bytes, binding: Binding) -> Secret[bytes]:
        """
        Return what was sealed.

        Raises:
            SealBroken: wrong key, wrong binding or altered bytes.
        """
        ...
