"""What a policy is meant to let through, and what not, kept beside its rules (decision 0045)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from typing import Final, Self

from plexsphere.policy.domain.errors import InvalidPolicyTest, PolicyTestFault, UnknownProtocol
from plexsphere.policy.domain.rule import LAST_PORT
from plexsphere.policy.domain.selector import EVERY_NODE, Selector
from plexsphere.policy.domain.traffic import Protocol, Traffic

MAX_NAME: Final = 128
MAX_TESTS: Final = 64
# All tests of a Project are judged with every change of one of its policies.
MOST_TESTS: Final = 512

_EVERYBODY: Final = Selector.parse(EVERY_NODE)
_WITH_PORT: Final = frozenset({Protocol.TCP, Protocol.UDP})


class Expectation(StrEnum):
    """What shall become of the traffic."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class PolicyTestEnd:
    """The nodes at one end of a test: those a selector means, or the one at a mesh address."""

    selector: Selector = _EVERYBODY
    mesh_ip: IPv4Address | None = None

    @classmethod
    def parse(cls, selector: str | None, mesh_ip: str | None) -> Self:
        """
        Read an end from its words, of which there is exactly one.

        Raises:
            SelectorSyntaxError, InvalidPolicyTest
        """
        if (selector is None) == (mesh_ip is None):
            raise InvalidPolicyTest(PolicyTestFault.BAD_END)
        return cls(Selector.parse(selector)) if selector is not None else cls(mesh_ip=_address(mesh_ip or ""))


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """
    A claim about every node at the one end and every other node at the other.

    With `expect` allow, each may send this traffic to each; with deny, none to any. Traffic is a protocol and, for tcp
    and udp, one port; the protocol `any` asks whether anything at all may be sent.

    Raises:
        InvalidPolicyTest: the name is empty, too long or not printable.
    """

    name: str
    source: PolicyTestEnd
    destination: PolicyTestEnd
    traffic: Traffic
    expect: Expectation

    def __post_init__(self) -> None:
        if not (self.name.strip() and len(self.name) <= MAX_NAME and self.name.isprintable()):
            raise InvalidPolicyTest(PolicyTestFault.BAD_NAME)


def read_traffic(protocol: str, port: int | None) -> Traffic:
    """
    Return the traffic of a test.

    Raises:
        UnknownProtocol: not tcp, udp, icmp or any.
        InvalidPolicyTest: the port is missing, too much, or out of its range.
    """
    if protocol not in frozenset(Protocol):
        raise UnknownProtocol
    kind = Protocol(protocol)
    if (kind in _WITH_PORT) != (port is not None):
        raise InvalidPolicyTest(PolicyTestFault.PORT_MISPLACED)
    if port is not None and not 1 <= port <= LAST_PORT:
        raise InvalidPolicyTest(PolicyTestFault.PORT_OUT_OF_RANGE)
    return Traffic(kind, port or 0, port or 0)


def read_expectation(word: str) -> Expectation:
    """
    Return what a word expects.

    Raises:
        InvalidPolicyTest: the word is neither allow nor deny.
    """
    if word not in frozenset(Expectation):
        raise InvalidPolicyTest(PolicyTestFault.BAD_EXPECTATION)
    return Expectation(word)


def require_apart(tests: Iterable[PolicyTest]) -> None:
    """
    Let tests pass that have names of their own.

    Raises:
        InvalidPolicyTest: two have one name.
    """
    names = [test.name for test in tests]
    if len(set(names)) < len(names):
        raise InvalidPolicyTest(PolicyTestFault.NAME_TAKEN)


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise InvalidPolicyTest(PolicyTestFault.BAD_END) from error
