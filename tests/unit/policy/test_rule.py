"""Rules: what cannot be said."""

import pytest

from plexsphere.policy.domain.errors import (
    CidrFamilyMismatch,
    InvalidRule,
    PolicyError,
    PortRangeInverted,
    RuleFault,
    UnknownAction,
    UnknownProtocol,
)
from plexsphere.policy.domain.traffic import Protocol, Traffic
from tests.unit.policy.fleets import rule


def test_a_rule_is_read_from_its_words() -> None:
    read = rule("deny", "tcp", "10.100.1.0/24", "10.100.1.5/32", (80, 443))

    assert (read.action.value, str(read.source_cidr), str(read.destination_cidr)) == (
        "deny",
        "10.100.1.0/24",
        "10.100.1.5/32",
    )
    assert read.traffic == Traffic(Protocol.TCP, 80, 443)


@pytest.mark.parametrize("action", ["", "ALLOW", "permit"])
def test_an_action_the_contract_lacks_is_refused(action: str) -> None:
    with pytest.raises(UnknownAction):
        rule(action)


@pytest.mark.parametrize("protocol", ["", "TCP", "sctp", "6"])
def test_a_protocol_the_contract_lacks_is_refused(protocol: str) -> None:
    with pytest.raises(UnknownProtocol):
        rule(protocol=protocol)


def test_a_rule_stays_within_one_address_family() -> None:
    with pytest.raises(CidrFamilyMismatch):
        rule(source="10.100.0.0/16", destination="fd00::/8")


def test_ipv6_ranges_may_be_written() -> None:
    assert rule(source="fd00::/8", destination="::/0").source_cidr.version == 6


@pytest.mark.parametrize(
    ("protocol", "ports", "fault"),
    [
        ("tcp", None, RuleFault.PORTS_REQUIRED),
        ("udp", None, RuleFault.PORTS_REQUIRED),
        ("icmp", (1, 1), RuleFault.PORTS_FORBIDDEN),
        ("any", (1, 65535), RuleFault.PORTS_FORBIDDEN),
        ("tcp", (0, 80), RuleFault.PORT_OUT_OF_RANGE),
        ("udp", (1, 65536), RuleFault.PORT_OUT_OF_RANGE),
        ("tcp", (-1, 80), RuleFault.PORT_OUT_OF_RANGE),
    ],
)
def test_ports_are_demanded_of_tcp_and_udp_alone(
    protocol: str, ports: tuple[int, int] | None, fault: RuleFault
) -> None:
    with pytest.raises(InvalidRule) as refused:
        rule(protocol=protocol, ports=ports)

    assert refused.value.fault is fault


def test_a_port_range_does_not_run_backwards() -> None:
    with pytest.raises(PortRangeInverted):
        rule(protocol="tcp", ports=(443, 80))


@pytest.mark.parametrize(
    "cidr",
    [
        "",
        "10.100.0.1",
        "10.100.0.1/24",
        "10.100.0.0/33",
        "10.100.0.0/255.255.0.0",
        "10.100.0.0/-1",
        "10.100.0/24",
        "010.1.1.0/24",
        "fe80::%eth0/64",
        "fd00::1/64",
        "10.100.0.0/16\n",
        "\u0661\u0660.0.0.0/8",
        "host/24",
        "1" * 5000 + "/8",
    ],
)
def test_a_range_is_a_network_and_its_length(cidr: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        rule(source=cidr, destination="10.0.0.0/8")

    assert refused.value.fault is RuleFault.BAD_CIDR


def test_no_refusal_repeats_what_was_sent() -> None:
    with pytest.raises(PolicyError) as refused:
        rule(source="secret-looking-text")

    assert "secret" not in str(refused.value)
