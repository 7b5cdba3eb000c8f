"""What travels: a protocol and the ports it goes to."""

from enum import StrEnum
from typing import NamedTuple


class Protocol(StrEnum):
    """The protocols a rule may name."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    ANY = "any"


class Traffic(NamedTuple):
    """A protocol with the first and last of its ports; both ports are 0 where the protocol has none."""

    protocol: Protocol
    first: int
    last: int

    def includes(self, other: "Traffic") -> bool:
        """Tell whether all of the other is some of this."""
        if self.protocol is Protocol.ANY:
            return True
        return self.protocol is other.protocol and self.first <= other.first and other.last <= self.last
