"""H16: who asks is the socket's peer, unless a proxy of ours says otherwise."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.api.sources import Sources, source_of

PROXIED = Sources((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
PROXY, STRANGER = "10.1.2.3", "203.0.113.7"


def asked(peer: str, *headers: tuple[str, str]) -> dict[str, Any]:
    told = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"client": (peer, 4711), "headers": told}


ADDRESSES = st.ip_addresses().map(str)
SAID = st.one_of(ADDRESSES, ADDRESSES.map("for={}".format), st.text(max_size=40))
HEADERS = st.lists(st.tuples(st.sampled_from(["x-forwarded-for", "forwarded", "x-real-ip"]), SAID))


@given(HEADERS)
def test_nothing_that_a_stranger_says_changes_who_he_is(headers: list[tuple[str, str]]) -> None:
    """H16: however the headers rotate."""
    said = {"client": (STRANGER, 1), "headers": [(n.encode(), v.encode("utf-8")) for n, v in headers]}

    assert PROXIED(said) == STRANGER
    assert Sources()(said) == STRANGER


@pytest.mark.parametrize(
    ("headers", "source"),
    [
        ([("x-forwarded-for", STRANGER)], STRANGER),
        ([("x-forwarded-for", f"198.51.100.1, {STRANGER}")], STRANGER),
        ([("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", STRANGER)], STRANGER),
        ([("x-forwarded-for", f"{STRANGER}, 10.9.9.9")], STRANGER),
        ([("x-forwarded-for", f"{STRANGER}:4711")], STRANGER),
        ([("x-forwarded-for", "[2001:db8:1:2:3::4]:80")], "2001:db8:1:2::/64"),
        ([("x-forwarded-for", f"::ffff:{STRANGER}")], STRANGER),
        ([("x-forwarded-for", f"{STRANGER}, nonsense, 10.9.9.9")], "10.9.9.9"),
        ([("x-forwarded-for", "10.7.7.7")], "10.7.7.7"),
        ([("x-forwarded-for", "unknown")], PROXY),
        ([("x-real-ip", STRANGER)], PROXY),
        ([], PROXY),
    ],
)
def test_of_what_a_proxy_says_the_last_hop_counts_that_is_no_proxy(
    headers: list[tuple[str, str]], source: str
) -> None:
    assert PROXIED(asked(PROXY, *headers)) == source


@given(st.one_of(SAID, ADDRESSES.map('for={};proto=https;by="10.0.0.1"'.format)))
def test_what_a_client_says_of_itself_is_not_believed_for_passing_through_a_proxy(said: str) -> None:
    """H16: a proxy sets one header, and passes on the others as they came."""
    own = [(b"forwarded", said.encode()), (b"x-real-ip", said.encode())]
    told = (b"x-forwarded-for", STRANGER.encode())

    assert PROXIED({"client": (PROXY, 1), "headers": [*own, told]}) == STRANGER
    assert PROXIED({"client": (PROXY, 1), "headers": own}) == PROXY


@given(st.text(max_size=200))
def test_whatever_a_proxy_passes_on_there_is_an_answer(said: str) -> None:
    """H16: a header that cannot be read costs nobody a 500."""
    scope = {"client": (PROXY, 1), "headers": [(b"x-forwarded-for", said.encode())]}

    assert PROXIED(scope)


def test_a_list_of_hops_is_read_from_its_end_and_not_far() -> None:
    hops = ", ".join([STRANGER, *["10.5.5.5"] * 40])

    assert PROXIED(asked(PROXY, ("x-forwarded-for", hops))) == "10.5.5.5"


@pytest.mark.parametrize(
    ("host", "source"),
    [
        (STRANGER, STRANGER),
        ("2001:db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2::/64"),
        (f"::ffff:{STRANGER}", STRANGER),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_one_who_has_a_whole_network_is_one_source(host: str, source: str) -> None:
    assert source_of(host) == source


def test_where_the_server_cannot_tell_the_source_is_nobody_in_particular() -> None:
    assert Sources()({"client": None, "headers": []}) == ""
