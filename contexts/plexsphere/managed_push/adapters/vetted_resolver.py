"""Names of clusters become addresses that this deployment may dial, or nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from plexsphere.managed_push.domain.egress import EgressPolicy

MOST_ADDRESSES: Final = 4
# A look-up cannot be broken off. Names whose servers never answer keep each other waiting, and nobody else.
LOOK_UPS: Final = ThreadPoolExecutor(8, thread_name_prefix="cluster-names")

Address = IPv4Address | IPv6Address
LookUp = Callable[[str], Awaitable[Sequence[Address]]]


class Forbidden(OSError):
    """A name leads to no address that may be dialled."""


async def system_look_up(host: str) -> list[Address]:
    """Return what the system's resolver says of a name."""
    found = await asyncio.get_running_loop().run_in_executor(LOOK_UPS, _looked_up, host)
    return [ip_address(address) for address in found if "%" not in address]


def _looked_up(host: str) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class VettedResolver(AbstractResolver):
    """
    Asks once and hands out the very addresses that were vetted: what a name means a moment later is never dialled.
    """

    def __init__(self, policy: EgressPolicy, look_up: LookUp) -> None:
        self._policy: Final = policy
        self._look_up: Final = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """
        Return up to four addresses to dial.

        Raises:
            Forbidden: none of them may be dialled.
        """
        permitted = [address for address in await self._look_up(host) if self._policy.permits(address)]
        if not permitted:
            raise Forbidden
        return [_result(host, port, address) for address in permitted[:MOST_ADDRESSES]]

    async def close(self) -> None:
        """Hold nothing that could be closed."""


def _result(host: str, port: int, address: Address) -> ResolveResult:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return ResolveResult(
        hostname=host,
        host=str(address),
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
