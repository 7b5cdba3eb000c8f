"""Where a request comes from: the peer of its socket, or who a proxy of ours says that it is (H16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

Network = IPv4Network | IPv6Network

# Whoever has one address of the sixth version has at least so large a network of them.
SITE_PREFIX: Final = 64
UNKNOWN: Final = ""
FORWARDED_FOR: Final = b"x-forwarded-for"
# More hops than anybody has; a header that a client made long is not read to its beginning.
MOST_HOPS: Final = 16


def source_of(host: str) -> str:
    """Return what stands for an address where sources are told apart: itself, or its network of the sixth version."""
    if ":" not in host:
        return host
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, SITE_PREFIX), strict=False))
    return host


@dataclass(frozen=True, slots=True)
class Sources:
    """
    Tells sources by the socket's peer; only what one of our proxies says of its peers is believed, and only where it
    says so in `X-Forwarded-For`.

    Of a list of hops the last counts that is no proxy of ours: everything before it was said by a stranger.
    """

    proxies: Sequence[Network] = ()

    def __call__(self, scope: Any) -> str:
        """Return the source of a request; empty where the server cannot tell."""
        client = scope.get("client")
        host: str = client[0] if client else UNKNOWN
        if not self.proxies or not self.is_proxy(host):
            return source_of(host) if host else UNKNOWN
        for hop in reversed(_hops(scope["headers"])[-MOST_HOPS:]):
            address = _address(hop)
            if address is None:
                break
            host = str(address)
            if not self._holds(address):
                break
        return source_of(host)

    def is_proxy(self, host: str) -> bool:
        """Tell whether the host is one of our proxies."""
        address = _address(host) if self.proxies else None
        return address is not None and self._holds(address)

    def _holds(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.proxies)


def _hops(headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
    # Proxies pass on what they do not set themselves: a second header that is believed would be the client's own.
    joined = ",".join(value.decode("latin-1") for name, value in headers if name == FORWARDED_FOR)
    return [part.strip() for part in joined.split(",")] if joined else []


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
