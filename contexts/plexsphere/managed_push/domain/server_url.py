"""The API server's URL: what of it is dialled, and what it must not hold."""

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Self

from plexsphere.managed_push.domain.egress import Address, EgressPolicy
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid

DEFAULT_PORT: Final = 443
LAST_PORT: Final = 65_535
LONGEST_URL: Final = 1_024
LONGEST_NAME: Final = 253
EVERYWHERE: Final = EgressPolicy(allow=(IPv4Network("0.0.0.0/0"), IPv6Network("::/0")))

# Neither userinfo nor a query, a fragment, an escape, a backslash or an empty segment can be written in this.
_URL: Final = re.compile(
    r"https://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>(?:/[a-z0-9._~:-]+)*)/?",
    re.ASCII | re.IGNORECASE,
)
_AUTHORITY_ENDS: Final = re.compile(r"[/?#\\]")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

# Resolvers read a name whose last label is a number as an address, in as many spellings as there are resolvers.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DOTS: Final = frozenset({".", ".."})

_LOOPBACK: Final = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_METADATA: Final = (IPv4Address("169.254.169.254"),)
_WELL_KNOWN: Final[dict[str, tuple[Address, ...]]] = {
    "localhost": _LOOPBACK,
    "localhost.localdomain": _LOOPBACK,
    "localhost6": _LOOPBACK,
    "ip6-localhost": _LOOPBACK,
    "ip6-loopback": _LOOPBACK,
    "metadata.google.internal": _METADATA,
}


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """What is dialled: a DNS name in lower case or the canonical text of an address, a port, a path in front."""

    host: str
    port: int
    base_path: str

    @classmethod
    def parse(cls, text: str, egress: EgressPolicy) -> Self:
        """
        Read the URL of an API server.

        Raises:
            KubeconfigInvalid: arm 13: more than a host, a port and a plain path, or an address that is never dialled.
        """
        parts = _URL.fullmatch(text) if len(text) <= LONGEST_URL else None
        if parts is None or not _DOTS.isdisjoint(parts["path"].split("/")):
            raise KubeconfigInvalid(Arm.NO_USABLE_CONFIG)
        host = _host(parts["host"])
        if not may_be_dialled(host, egress):
            raise KubeconfigInvalid(Arm.NO_USABLE_CONFIG)
        return cls(host, _port(parts["port"]), parts["path"])


def is_https(text: str) -> bool:
    """Tell whether a text begins as an https URL with a host does (arm 5)."""
    scheme, _, rest = text.partition("://")
    authority = _AUTHORITY_ENDS.split(rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2].partition(":")[0]
    return scheme.lower() == "https" and host != ""


def host_name(text: str) -> str:
    """
    Return a DNS name in lower case, or the canonical text of an address.

    Raises:
        KubeconfigInvalid: arm 13: neither, such as an address in a spelling of its own or a name beyond ASCII.
    """
    address = literal(text)
    return str(address) if address else _dns_name(text)


def literal(text: str) -> Address | None:
    """Return the address that a text spells in the one way that all readers share, or None."""
    with suppress(ValueError):
        return None if "%" in text else ip_address(text)
    return None


def may_be_dialled(host: str, egress: EgressPolicy) -> bool:
    """Tell whether a host may be dialled, as far as it tells without being resolved."""
    name = "localhost" if host.endswith(".localhost") else host
    address = literal(host)
    known = (address,) if address else _WELL_KNOWN.get(name, ())
    return not known or any(map(egress.permits, known))


def _host(text: str) -> str:
    if not text.startswith("["):
        return host_name(text)
    address = literal(text[1:-1])
    if not isinstance(address, IPv6Address):
        raise KubeconfigInvalid(Arm.NO_USABLE_CONFIG)
    return str(address)


def _dns_name(text: str) -> str:
    name = text.lower()
    labels = name.split(".")
    is_name = text.isascii() and len(name) <= LONGEST_NAME and all(map(_LABEL.fullmatch, labels))
    if not is_name or _NUMBER.fullmatch(labels[-1]):
        raise KubeconfigInvalid(Arm.NO_USABLE_CONFIG)
    return name


def _port(text: str | None) -> int:
    port = int(text) if text else DEFAULT_PORT
    if port > LAST_PORT:
        raise KubeconfigInvalid(Arm.NO_USABLE_CONFIG)
    return port


def is_same_server(one: str, other: str) -> bool:
    """Tell whether two URLs lead to the same API server, however they are spelt."""
    try:
        return ServerUrl.parse(one, EVERYWHERE) == ServerUrl.parse(other, EVERYWHERE)
    except KubeconfigInvalid:
        # What the rules do not take any more is compared as it is written.
        return one == other
