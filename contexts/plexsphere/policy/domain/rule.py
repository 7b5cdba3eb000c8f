"""One rule of a policy: what may, must not, or is only noted to travel between two ranges."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Self

from plexsphere.policy.domain.errors import (
    CidrFamilyMismatch,
    InvalidRule,
    PortRangeInverted,
    RuleFault,
    UnknownAction,
    UnknownProtocol,
)
from plexsphere.policy.domain.traffic import Protocol, Traffic

LAST_PORT: Final = 65535

# The standard parser also takes netmasks, scopes and bare addresses, none of which a contract knows.
_CIDR: Final = re.compile(r"[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}", re.ASCII)
_WITH_PORTS: Final = frozenset({Protocol.TCP, Protocol.UDP})

Cidr = IPv4Network | IPv6Network


class Action(StrEnum):
    """What a rule does; `log` neither allows nor denies (design D16)."""

    ALLOW = "allow"
    DENY = "deny"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class PortRange:
    """
    Ports from the first to the last, both included. Port 0 is refused: on the agents' wire it means "any".

    Raises:
        InvalidRule: a port outside 1..65535.
        PortRangeInverted: the last lies before the first.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not (1 <= self.first <= LAST_PORT and 1 <= self.last <= LAST_PORT):
            raise InvalidRule(RuleFault.PORT_OUT_OF_RANGE)
        if self.last < self.first:
            raise PortRangeInverted


@dataclass(frozen=True, slots=True)
class Rule:
    """
    An action on the traffic from one range of mesh addresses to another.

    Raises:
        CidrFamilyMismatch: the ranges are of two address families.
        InvalidRule: ports missing for tcp or udp, or given for another protocol.
    """

    action: Action
    protocol: Protocol
    source_cidr: Cidr
    destination_cidr: Cidr
    ports: PortRange | None = None

    def __post_init__(self) -> None:
        if self.source_cidr.version != self.destination_cidr.version:
            raise CidrFamilyMismatch
        if self.protocol in _WITH_PORTS and self.ports is None:
            raise InvalidRule(RuleFault.PORTS_REQUIRED)
        if self.protocol not in _WITH_PORTS and self.ports is not None:
            raise InvalidRule(RuleFault.PORTS_FORBIDDEN)

    @classmethod
    def parse(
        cls,
        *,
        action: str,
        protocol: str,
        source_cidr: str,
        destination_cidr: str,
        ports: tuple[int, int] | None = None,
    ) -> Self:
        """
        Read a rule from its words; `ports` is (from, to).

        Raises:
            UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted, InvalidRule
        """
        return cls(
            _action(action),
            _protocol(protocol),
            _cidr(source_cidr),
            _cidr(destination_cidr),
            None if ports is None else PortRange(*ports),
        )

    @property
    def traffic(self) -> Traffic:
        """The protocol and ports this rule is about."""
        if self.ports is None:
            return Traffic(self.protocol, 0, 0)
        return Traffic(self.protocol, self.ports.first, self.ports.last)


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError as error:
        raise UnknownAction from error


def _protocol(text: str) -> Protocol:
    try:
        return Protocol(text)
    except ValueError as error:
        raise UnknownProtocol from error


def _cidr(text: str) -> Cidr:
    if _CIDR.fullmatch(text) is None:
        raise InvalidRule(RuleFault.BAD_CIDR)
    try:
        return ip_network(text, strict=True)
    except ValueError as error:
        raise InvalidRule(RuleFault.BAD_CIDR) from error
