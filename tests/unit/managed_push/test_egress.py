"""Which addresses are dialled, in whatever disguise (C12, C13)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.managed_push.domain.egress import REFUSED, Address, EgressPolicy, faces_of, is_refused

V4 = st.builds(IPv4Address, st.integers(0, 2**32 - 1))
V6 = st.builds(IPv6Address, st.integers(0, 2**128 - 1))
REFUSED_V4 = st.sampled_from([each for each in REFUSED if isinstance(each, IPv4Network)]).flatmap(
    lambda network: st.builds(IPv4Address, st.integers(int(network[0]), int(network[-1])))
)
DISGUISES = (
    "::ffff:0:0/96",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48 of 96",
    "64:ff9b:1::/48 of 64",
    "64:ff9b:1::/48 of 56",
    "64:ff9b:1::/48 of 48",
    "2002::/16",
    "2001::/32 server",
    "2001::/32 client",
)


def disguised(address: IPv4Address, disguise: str) -> IPv6Address:
    """An IPv6 address that stands for an IPv4 address; what is not told of it stands for 10.10.10.10 where it can."""
    octets = address.packed
    ten = b"\x0a"
    tens = ten * 4
    local = bytes.fromhex("0064ff9b0001")
    whole = {
        "::ffff:0:0/96": bytes(10) + b"\xff\xff" + octets,
        "::/96": bytes(12) + octets,
        "64:ff9b::/96": bytes.fromhex("0064ff9b") + bytes(8) + octets,
        "64:ff9b:1::/48 of 96": local + ten * 2 + b"\0" + ten * 3 + octets,
        "64:ff9b:1::/48 of 64": local + ten * 2 + b"\0" + octets + ten * 3,
        "64:ff9b:1::/48 of 56": local + ten + octets[:1] + b"\0" + octets[1:] + ten * 4,
        "64:ff9b:1::/48 of 48": local + octets[:2] + b"\0" + octets[2:] + ten * 5,
        "2002::/16": bytes.fromhex("2002") + octets + bytes(10),
        "2001::/32 server": bytes.fromhex("20010000")
        + octets
        + bytes(4)
        + bytes(255 - each for each in tens),
        "2001::/32 client": bytes.fromhex("20010000")
        + tens
        + bytes(4)
        + bytes(255 - each for each in octets),
    }
    return IPv6Address(whole[disguise])


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff05::2",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "100::1",
        "4000::1",
        "::ffff:0:127.0.0.1",
    ],
)
def test_an_address_that_leads_to_ourselves_to_a_link_or_to_a_cloud_is_refused(text: str) -> None:
    """C12: loopback, link-local, unspecified, multicast, reserved and metadata addresses are never dialled."""
    assert not EgressPolicy().permits(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.199",
        "168.63.129.17",
        "203.0.113.10",
        "8.8.8.8",
        "2001:db8::1",
        "2a00:1450::1",
        "fc00::1",
        "fd00:ec2::253",
        "::ffff:10.0.0.1",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_private_shared_and_public_addresses_are_where_clusters_live(text: str) -> None:
    assert EgressPolicy().permits(ip_address(text))


@pytest.mark.parametrize("disguise", DISGUISES)
@given(address=REFUSED_V4)
def test_no_disguise_opens_a_refused_address(disguise: str, address: IPv4Address) -> None:
    """C13: what a host or a gateway may take for a refused address is refused."""
    assert not EgressPolicy().permits(disguised(address, disguise))


@pytest.mark.parametrize("disguise", DISGUISES)
@given(address=V4)
def test_a_disguise_is_seen_through(disguise: str, address: IPv4Address) -> None:
    assert address in faces_of(disguised(address, disguise))


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_of_a_private_address_is_no_worse_than_the_address(disguise: str) -> None:
    assert EgressPolicy().permits(disguised(IPv4Address("10.10.10.10"), disguise))


@pytest.mark.parametrize("disguise", DISGUISES)
@given(address=V4)
def test_what_is_denied_stays_denied_whatever_is_allowed(disguise: str, address: IPv4Address) -> None:
    policy = EgressPolicy(
        allow=(ip_network("0.0.0.0/0"), ip_network("::/0")), deny=(IPv4Network((int(address), 32)),)
    )

    assert not policy.permits(address)
    assert not policy.permits(disguised(address, disguise))


@given(st.one_of(V4, V6))
def test_allowing_opens_and_denying_closes(address: Address) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))

    assert EgressPolicy(allow=everything).permits(address)
    assert not EgressPolicy(deny=everything).permits(address)
    assert not EgressPolicy(allow=everything, deny=everything).permits(address)


@given(st.one_of(V4, V6))
def test_what_is_permitted_is_refused_in_no_face(address: Address) -> None:
    assert EgressPolicy().permits(address) == (not any(map(is_refused, faces_of(address))))


def test_allowing_a_loopback_range_opens_its_disguises_and_nothing_beside_it() -> None:
    policy = EgressPolicy(allow=(IPv4Network("127.0.0.0/8"),))

    assert policy.permits(ip_address("127.0.0.1"))
    assert policy.permits(ip_address("::ffff:127.0.0.1"))
    assert not policy.permits(ip_address("::1"))
    assert not policy.permits(ip_address("169.254.169.254"))


def test_an_address_that_says_which_it_is_opens_by_its_own_range() -> None:
    policy = EgressPolicy(allow=(IPv6Network("64:ff9b:1::/48"),))

    assert policy.permits(ip_address("64:ff9b:1::a00:5"))
    assert not EgressPolicy().permits(ip_address("64:ff9b:1::a00:5"))


@given(V4)
def test_our_own_datastores_are_refused_in_every_disguise(address: IPv4Address) -> None:
    plain, mapped = EgressPolicy(own=frozenset({address})), disguised(address, "::ffff:0:0/96")

    assert not plain.permits(address)
    assert not plain.permits(mapped)
    assert not EgressPolicy(own=frozenset({mapped})).permits(address)


def test_a_zone_makes_no_other_address() -> None:
    assert not EgressPolicy(own=frozenset({ip_address("fd00::5")})).permits(ip_address("fd00::5%eth0"))
    assert not EgressPolicy(own=frozenset({ip_address("fd00::5%eth0")})).permits(ip_address("fd00::5"))


def test_a_deployment_may_open_the_host_of_its_datastores() -> None:
    own = ip_address("10.0.0.5")

    assert EgressPolicy(allow=(IPv4Network("10.0.0.5"),), own=frozenset({own})).permits(own)
