"""An endpoint is an address that can be dialled and a port."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plexsphere.fleet.domain.endpoint import NAT_TYPES, Endpoint, nat_type
from plexsphere.fleet.domain.errors import InvalidEndpoint


@given(st.ip_addresses(v=4), st.integers(1, 65_535))
def test_an_ipv4_endpoint_is_written_as_it_was_read(address: object, port: int) -> None:
    assume(not getattr(address, "is_multicast", False) and not getattr(address, "is_unspecified", False))

    assert str(Endpoint.parse(f"{address}:{port}")) == f"{address}:{port}"


@given(st.ip_addresses(v=6), st.integers(1, 65_535))
def test_an_ipv6_endpoint_stands_in_brackets(address: object, port: int) -> None:
    assume(not getattr(address, "is_multicast", False) and not getattr(address, "is_unspecified", False))

    read = Endpoint.parse(f"[{address}]:{port}")

    assert Endpoint.parse(str(read)) == read
    with pytest.raises(InvalidEndpoint):
        Endpoint.parse(f"{address}:{port}")


@given(st.text(max_size=80))
def test_any_other_text_is_refused_by_name(text: str) -> None:
    try:
        read = Endpoint.parse(text)
    except InvalidEndpoint:
        return
    assert Endpoint.parse(str(read)) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "203.0.113.10",
        "203.0.113.10:",
        "203.0.113.10:0",
        "203.0.113.10:65536",
        "203.0.113.10:+5",
        "203.0.113.10: 5",
        "203.0.113.10:\N{ARABIC-INDIC DIGIT FIVE}",
        "203.0.113.010:51820",
        "203.0.113:51820",
        "0.0.0.0:51820",
        "224.0.0.1:51820",
        "[::]:51820",
        "[203.0.113.10]:51820",
        "[2001:db8::1]51820",
        "example.org:51820",
        "203.0.113.10:51820\n",
    ],
)
def test_what_nobody_can_dial_is_refused(text: str) -> None:
    with pytest.raises(InvalidEndpoint):
        Endpoint.parse(text)


def test_a_nat_type_is_one_that_agents_know() -> None:
    assert {nat_type(known) for known in NAT_TYPES} == NAT_TYPES
    with pytest.raises(InvalidEndpoint):
        nat_type("carrier_grade")
