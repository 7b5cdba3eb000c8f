"""The API server's URL: a host, a port and a plain path, and no way around the addresses that are never dialled."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.managed_push.adapters.yaml_kubeconfig_reader import YamlKubeconfigReader
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid
from plexsphere.platform.kernel.secret import Secret
from tests.support.kubeconfig_documents import kubeconfig

NEVER_DIALLED = [
    # loopback
    "https://127.0.0.1",
    "https://127.0.0.1:6443",
    "https://127.1.2.3/",
    "https://localhost",
    "https://LOCALHOST:6443",
    "https://LocalHost",
    "https://a.localhost",
    "https://localhost.localdomain",
    "https://ip6-localhost",
    "https://[::1]",
    "https://[::1]:6443",
    "https://[0:0:0:0:0:0:0:1]",
    "https://[0000::0001]",
    # unspecified
    "https://0.0.0.0",
    "https://0.0.0.0:6443",
    "https://0.1.2.3",
    "https://[::]",
    "https://[0::0]:443",
    # link-local and metadata
    "https://169.254.0.1",
    "https://169.254.169.254",
    "https://169.254.169.254/latest",
    "https://169.254.170.2",
    "https://100.100.100.200",
    "https://168.63.129.16",
    "https://192.0.0.192",
    "https://[fd00:ec2::254]",
    "https://[FD00:EC2::254]",
    "https://[fe80::1]",
    "https://metadata.google.internal",
    "https://METADATA.google.internal:443",
    # multicast, reserved, broadcast
    "https://224.0.0.1",
    "https://239.255.255.250",
    "https://240.0.0.1",
    "https://255.255.255.255",
    "https://[ff02::1]",
    "https://[ff0e::1]:6443",
    "https://[fec0::1]",
    "https://[100::1]",
    # IPv4 in IPv6
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:7f00:1]",
    "https://[::FFFF:169.254.169.254]:6443",
    "https://[0:0:0:0:0:ffff:127.0.0.1]",
    "https://[::ffff:0:127.0.0.1]",
    "https://[::127.0.0.1]",
    "https://[::7f00:1]",
    "https://[64:ff9b::127.0.0.1]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[64:ff9b:1::a9fe:a9fe]",
    "https://[64:ff9b:1:7f00:0:100::]",
    "https://[2002:7f00:1::]",
    "https://[2002:a9fe:a9fe::1]",
    "https://[2001:0:7f00:1::1]",
    "https://[2001:0:808:808::80ff:fffe]",
]
NO_HOST_OF_OURS = [
    # an address in a spelling of its own
    "https://2130706433",
    "https://2852039166",
    "https://0x7f000001",
    "https://0x7f.1",
    "https://0x7f.0x0.0x0.0x1",
    "https://0X7F.1",
    "https://017700000001",
    "https://0177.0.0.1",
    "https://0177.1",
    "https://127.1",
    "https://127.0.1",
    "https://127.0.0.01",
    "https://127.0.0.0x1",
    "https://10.1",
    "https://10.0.0.256",
    "https://10.0.0.1.1",
    "https://0",
    "https://00",
    "https://0x",
    "https://api.customer.example.1",
    "https://api.0x1",
    "https://[127.0.0.1]",
    "https://[10.0.0.1]",
    "https://[2001:db8::1",
    "https://2001:db8::1]",
    "https://[2001:db8::1]]",
    "https://[[2001:db8::1]]",
    "https://[2001:db8::1::2]",
    "https://[]",
    # trailing dots, zones
    "https://127.0.0.1.",
    "https://localhost.",
    "https://api.customer.example.",
    "https://api..customer.example",
    "https://.api.customer.example",
    "https://[fe80::1%25eth0]",
    "https://[2001:db8::1%eth0]",
    "https://[::1%25lo]",
    # what is no name in ASCII
    "https://\N{CIRCLED DIGIT ONE}27.0.0.1",
    "https://127\N{IDEOGRAPHIC FULL STOP}0\N{IDEOGRAPHIC FULL STOP}0\N{IDEOGRAPHIC FULL STOP}1",
    "https://\N{FULLWIDTH DIGIT ONE}27.0.0.1",
    "https://\N{ARABIC-INDIC DIGIT ONE}27.0.0.1",
    "https://\N{CIRCLED LATIN SMALL LETTER L}ocalhost",
    "https://loca\N{LATIN SMALL LETTER L}ho\N{LATIN SMALL LETTER LONG S}t",
    "https://\N{KELVIN SIGN}ube.customer.example",
    "https://m\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen.example",
    "https://\N{CYRILLIC SMALL LETTER A}pi.customer.example",
    "https://api.customer.example\N{RIGHT-TO-LEFT OVERRIDE}",
    "https://api\N{ZERO WIDTH SPACE}.customer.example",
    "https://127.0.0.1\x00.customer.example",
    "https://api.customer.example\n",
    "https://api.customer.example\r\nHost: x",
    "https://api.customer.example ",
    "https://api customer.example",
    "https://api_server.customer.example",
    "https://-api.customer.example",
    "https://api-.customer.example",
    "https://$(id).customer.example",
    "https://%31%32%37.0.0.1",
    "https://localhost%00.customer.example",
    "https://" + "a" * 64 + ".example",
    "https://" + "a." * 126 + "ab",
]
NO_PLAIN_URL = [
    # userinfo, query, fragment
    "https://user@api.customer.example",
    "https://user:password@api.customer.example",
    "https://:@api.customer.example",
    "https://api.customer.example@127.0.0.1",
    "https://127.0.0.1@api.customer.example",
    "https://api.customer.example\\@127.0.0.1",
    "https://api.customer.example?a=b",
    "https://api.customer.example/?",
    "https://api.customer.example/k8s?a=b",
    "https://api.customer.example#fragment",
    "https://api.customer.example/#",
    # paths
    "https://api.customer.example//",
    "https://api.customer.example//k8s",
    "https://api.customer.example/k8s//",
    "https://api.customer.example/..",
    "https://api.customer.example/../k8s",
    "https://api.customer.example/k8s/../..",
    "https://api.customer.example/./k8s",
    "https://api.customer.example/%2e%2e/k8s",
    "https://api.customer.example/%2E",
    "https://api.customer.example/k8s%2Fapi",
    "https://api.customer.example/k8s\\..",
    "https://api.customer.example\\k8s",
    "https://api.customer.example/k8s;a=b",
    "https://api.customer.example/k8s api",
    "https://api.customer.example/\N{LATIN SMALL LETTER E WITH ACUTE}",
    "https://api.customer.example/" + "a" * 1_024,
    # ports
    "https://api.customer.example:",
    "https://api.customer.example:0",
    "https://api.customer.example:00443",
    "https://api.customer.example:65536",
    "https://api.customer.example:99999",
    "https://api.customer.example:100000",
    "https://api.customer.example:-1",
    "https://api.customer.example:+443",
    "https://api.customer.example:https",
    "https://api.customer.example:6443:6443",
    "https://api.customer.example:\N{ARABIC-INDIC DIGIT FOUR}43",
    "https://[2001:db8::1]6443",
]


def read(server: str, egress: EgressPolicy | None = None) -> ClusterAccess:
    policy = egress or EgressPolicy()
    return YamlKubeconfigReader(lambda: policy).read(Secret(kubeconfig(server)))


def arm_of(server: str) -> Arm:
    with pytest.raises(KubeconfigInvalid) as refused:
        read(server)
    return refused.value.arm


@pytest.mark.parametrize("server", NEVER_DIALLED)
def test_a_server_at_an_address_that_is_never_dialled_is_refused(server: str) -> None:
    """C12: whatever disguise the address comes in."""
    assert arm_of(server) is Arm.NO_USABLE_CONFIG


@pytest.mark.parametrize("server", NO_HOST_OF_OURS)
def test_a_host_that_readers_may_read_differently_is_refused(server: str) -> None:
    """C12, M01: a host is an address in its one spelling or an ASCII name of letters, digits and hyphens."""
    assert arm_of(server) is Arm.NO_USABLE_CONFIG


@pytest.mark.parametrize("server", NO_PLAIN_URL)
def test_a_url_is_a_host_a_port_and_a_plain_path(server: str) -> None:
    """C12: userinfo, queries, fragments, escapes, odd paths and odd ports are refused."""
    assert arm_of(server) is Arm.NO_USABLE_CONFIG


@pytest.mark.parametrize(
    ("server", "host", "port", "base_path"),
    [
        ("https://api.customer.example", "api.customer.example", 443, ""),
        ("https://API.Customer.Example:6443", "api.customer.example", 6443, ""),
        ("HTTPS://api.customer.example/", "api.customer.example", 443, ""),
        ("https://kubernetes:65535", "kubernetes", 65535, ""),
        ("https://10.0.0.1:6443", "10.0.0.1", 6443, ""),
        ("https://192.168.1.20:1", "192.168.1.20", 1, ""),
        ("https://100.64.0.1", "100.64.0.1", 443, ""),
        ("https://[2001:DB8:0::1]:6443", "2001:db8::1", 6443, ""),
        ("https://[fd12:3456::1]", "fd12:3456::1", 443, ""),
        ("https://1.2.3.4.example", "1.2.3.4.example", 443, ""),
        ("https://xn--mnchen-3ya.example", "xn--mnchen-3ya.example", 443, ""),
        ("https://rancher.example/k8s/clusters/c-m-abc", "rancher.example", 443, "/k8s/clusters/c-m-abc"),
        ("https://kcp.example:6443/clusters/root:org/", "kcp.example", 6443, "/clusters/root:org"),
    ],
)
def test_a_plain_url_is_taken_apart_and_shown_as_it_was_written(
    server: str, host: str, port: int, base_path: str
) -> None:
    access = read(server)

    assert (access.host, access.port, access.base_path) == (host, port, base_path)
    assert access.server == server


@pytest.mark.parametrize(
    "server",
    [
        "https://127.0.0.1:6443",
        "https://localhost:6443",
        "https://kind.localhost",
        "https://[::ffff:127.0.0.1]",
    ],
)
def test_a_deployment_may_open_what_is_refused_by_default(server: str) -> None:
    """C12: the allowed ranges count at attach too."""
    assert read(server, EgressPolicy(allow=(IPv4Network("127.0.0.0/8"),))).server == server


def test_a_deployment_may_close_what_is_open_by_default() -> None:
    with pytest.raises(KubeconfigInvalid):
        read("https://10.1.2.3", EgressPolicy(deny=(IPv4Network("10.0.0.0/8"),)))


def test_our_own_datastores_are_no_cluster() -> None:
    own = IPv4Address("10.1.2.3")

    with pytest.raises(KubeconfigInvalid):
        read("https://10.1.2.3:5432", EgressPolicy(own=frozenset({own})))


@given(st.builds(IPv4Address, st.integers(0, 2**32 - 1)) | st.builds(IPv6Address, st.integers(0, 2**128 - 1)))
def test_of_a_literal_address_exactly_what_is_permitted_is_taken(address: IPv4Address | IPv6Address) -> None:
    """C12: by the policy, and in the one spelling."""
    host = f"[{address}]" if address.version == 6 else str(address)

    if EgressPolicy().permits(address):
        assert read(f"https://{host}:6443").host == str(address)
    else:
        assert arm_of(f"https://{host}:6443") is Arm.NO_USABLE_CONFIG


@given(st.text(max_size=40))
def test_whatever_host_is_taken_is_plain(text: str) -> None:
    """M01: lower case ASCII, so that two servers that look alike are alike."""
    try:
        host = read(f"https://{text}").host
    except KubeconfigInvalid:
        return

    assert host.isascii()
    assert host == host.lower()
    assert not set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-:")
