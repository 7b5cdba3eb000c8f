"""Curve25519 public keys, as registered (hardening: low-order points are refused)."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Self

from plexsphere.fleet.domain.errors import InvalidPublicKey

TEXT: Final = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)
PRIME: Final = 2**255 - 19

# The u-coordinates of order 1, 2, 4 and 8 on the curve and its twist: a handshake with one of them agrees on a
# secret that everybody knows.
LOW_ORDER: Final = frozenset(
    {
        0,
        1,
        PRIME - 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """32 bytes that a handshake can safely use."""

    octets: bytes

    def __post_init__(self) -> None:
        # The top bit is ignored by every implementation, and the rest is taken modulo the prime.
        point = (int.from_bytes(self.octets, "little") & (2**255 - 1)) % PRIME
        if len(self.octets) != 32 or point in LOW_ORDER:
            raise InvalidPublicKey

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read 44 characters of standard base64.

        Raises:
            InvalidPublicKey: another form, or a low-order point.
        """
        if TEXT.fullmatch(text) is None:
            raise InvalidPublicKey
        try:
            octets = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise InvalidPublicKey from None
        return cls(octets)

    def __str__(self) -> str:
        return base64.b64encode(self.octets).decode()
