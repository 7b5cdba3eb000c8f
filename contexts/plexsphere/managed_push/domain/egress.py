"""Which addresses this deployment dials (hardening C12, C13)."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAPPED: Final = IPv6Network("::ffff:0:0/96")
COMPATIBLE: Final = IPv6Network("::/96")
NAT64: Final = IPv6Network("64:ff9b::/96")
NAT64_OF_A_NETWORK: Final = IPv6Network("64:ff9b:1::/48")

_IN_THE_LOW_BITS: Final = (MAPPED, COMPATIBLE, NAT64)

REFUSED: Final[tuple[Network, ...]] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # unspecified: Linux dials itself
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, and where clouds answer with credentials
            "100.100.100.200",  # metadata of Alibaba Cloud, within the shared range that is open otherwise
            "168.63.129.16",  # the platform's own address in Azure
            "192.0.0.0/24",  # protocol assignments, metadata of Oracle Cloud among them
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            "::",  # unspecified
            "::1",  # loopback
            "fd00:ec2::254",  # metadata of AWS, within the unique local range that is open otherwise
            "fd00:ec2::23",  # credentials of AWS workloads
            "fd20:ce::254",  # metadata of Google Cloud
        ),
    )
)

# Of IPv6 only what may lead to a host is open, so link-local, site-local, multicast and reserved addresses are not.
UNICAST: Final = (IPv6Network("2000::/3"), IPv6Network("fc00::/7"), *_IN_THE_LOW_BITS, NAT64_OF_A_NETWORK)


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """
    What may be dialled: never what `deny` holds, else what `allow` holds, else whatever is not refused by default.

    Refused by default are loopback, link-local, unspecified, multicast, reserved and cloud metadata addresses, and
    `own`, where this deployment's datastores listen. Private ranges are open: customer clusters live there. An IPv6
    address counts as every IPv4 address that it may stand for as well, so that no disguise opens what is refused.
    """

    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()
    own: frozenset[Address] = frozenset()

    def permits(self, address: Address) -> bool:
        """Tell whether the address may be dialled."""
        faces = faces_of(address)
        if any(_lies_in(face, self.deny) for face in faces):
            return False
        if _lies_in(faces[0], self.allow):
            return True
        return all(_lies_in(face, self.allow) or not self._is_refused(face) for face in faces)

    def _is_refused(self, face: Address) -> bool:
        return is_refused(face) or any(face in faces_of(each) for each in self.own)


def is_refused(address: Address) -> bool:
    """Tell whether the address itself, in no disguise, is refused unless a deployment opens it."""
    if isinstance(address, IPv6Address) and not _lies_in(address, UNICAST):
        return True
    return _lies_in(address, REFUSED)


def faces_of(address: Address) -> tuple[Address, ...]:
    """Return the address, without its zone, and every IPv4 address that a host or a gateway may take it for."""
    if isinstance(address, IPv4Address):
        return (address,)
    bare = IPv6Address(int(address))
    return (bare, *_disguised(bare))


def _disguised(address: IPv6Address) -> Iterator[IPv4Address]:
    if _lies_in(address, _IN_THE_LOW_BITS):
        yield _low_bits(address)
    if address in NAT64_OF_A_NETWORK:
        yield from _embedded(address)
    if address.sixtofour is not None:
        yield address.sixtofour
    yield from address.teredo or ()


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """Where RFC 6052 puts an IPv4 address behind a prefix of 48, 56, 64 or 96 bits; nobody tells us which it is."""
    octets = address.packed
    without_reserved = octets[:8] + octets[9:]
    yield from (IPv4Address(without_reserved[start : start + 4]) for start in (6, 7, 8))
    yield _low_bits(address)


def _low_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(address.packed[-4:])


def _lies_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
