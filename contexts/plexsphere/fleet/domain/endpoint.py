"""Where a node can be reached from outside, as it found by STUN."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Self

from plexsphere.fleet.domain.errors import InvalidEndpoint

LONGEST: Final = 64
NAT_TYPES: Final = frozenset(
    {"none", "full_cone", "restricted_cone", "port_restricted", "symmetric", "unknown", ""}
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and a UDP port."""

    address: IPv4Address | IPv6Address
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `203.0.113.10:51820` or `[2001:db8::1]:51820`.

        Raises:
            InvalidEndpoint: anything else, an address nobody can dial, or a port outside 1 to 65535.
        """
        host, _, port = text.rpartition(":")
        try:
            address = ip_address(host.removeprefix("[").removesuffix("]"))
        except ValueError:
            raise InvalidEndpoint from None
        if len(text) > LONGEST or (address.version == 6) != host.startswith("["):
            raise InvalidEndpoint
        if address.is_unspecified or address.is_multicast:
            raise InvalidEndpoint
        return cls(address, _port(port))

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65_536):
        raise InvalidEndpoint
    return int(text)


def nat_type(text: str) -> str:
    """
    Return the NAT type.

    Raises:
        InvalidEndpoint: not one that agents know.
    """
    if text not in NAT_TYPES:
        raise InvalidEndpoint
    return text
