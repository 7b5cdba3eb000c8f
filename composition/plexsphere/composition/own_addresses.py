"""Where this deployment's own datastores listen, so that no kubeconfig leads a push there (hardening C12)."""

import asyncio
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from psycopg import conninfo

from plexsphere.composition.settings import SpiceDb
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.secret import Secret

Address = IPv4Address | IPv6Address

KEPT_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 2.0
# A socket in the file system, or in Linux' abstract name space, is nowhere on a network.
LOCAL_SOCKET: Final = ("/", "@")


@dataclass(slots=True)
class OwnAddresses:
    """
    The addresses of PostgreSQL and SpiceDB: those that are written in the settings, and those that names lead to.

    Names are asked for when somebody dials, and their answers kept for 60 s. A name that leads nowhere stops the
    dial: what is not known to be foreign is not dialled.
    """

    hosts: tuple[str, ...]
    clock: Clock
    _known: frozenset[Address] | None = None
    _asked_at: float = 0.0
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def written(self) -> frozenset[Address]:
        """Return the addresses that are known without asking anybody."""
        return frozenset(address for address in map(_literal, self.hosts) if address is not None)

    async def resolved(self) -> frozenset[Address]:
        """
        Return all of them, not older than 60 s.

        Raises:
            OSError: a name cannot be resolved, or not within 2 s.
        """
        async with asyncio.timeout(PATIENCE_SECONDS), self._asking:
            if self._known is None or self.clock.monotonic() - self._asked_at >= KEPT_SECONDS:
                self._known = self.written() | await _led_to(filter(_is_name, self.hosts))
                self._asked_at = self.clock.monotonic()
            return self._known


def own_hosts(
    dsn: Secret[str], spicedb: SpiceDb | None, environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Return the hosts, by name or by address; local sockets are none."""
    hosts = [*_database_hosts(dsn, environ)]
    if spicedb is not None:
        hosts.append(urlsplit(spicedb.endpoint).hostname or "")
    return tuple(dict.fromkeys(host for host in hosts if host and not host.startswith(LOCAL_SOCKET)))


def _database_hosts(dsn: Secret[str], environ: Mapping[str, str]) -> Iterator[str]:
    # As libpq reads them: lists parted by commas; an address goes before the name at its place, and what is not
    # written comes from the environment.
    told = conninfo.conninfo_to_dict(dsn.reveal())
    names = str(told.get("host") or environ.get("PGHOST", "")).split(",")
    addresses = str(told.get("hostaddr") or environ.get("PGHOSTADDR", "")).split(",")
    for place in range(max(len(names), len(addresses))):
        address = addresses[place] if place < len(addresses) else ""
        yield address.strip() or (names[place].strip() if place < len(names) else "")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    return _literal(host) is None


async def _led_to(names: Iterable[str]) -> frozenset[Address]:
    loop = asyncio.get_running_loop()
    found = [await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM) for name in names]
    return frozenset(ip_address(sockaddr[0]) for each in found for *_, sockaddr in each)
