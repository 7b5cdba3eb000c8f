"""Ids, references, secrets and ranges: what is wrong cannot be built."""

import copy
import pickle
from ipaddress import IPv4Network
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.ids import parse_id
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference

ID = "0197c9f0-8a11-7c3e-9d9e-0123456789ab"
CANARY = "canary-text"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00000000-0000-0000-0000-000000000000",
        "{" + ID + "}",
        "urn:uuid:" + ID,
        ID.replace("-", ""),
        ID + "\n",
        " " + ID,
        ID[:-1],
        ID[:-1] + "g",
        ID[:-1] + "\u0661",
        ID[1:14] + "-" + ID[15:],
        "0197c9f08-a11-7c3e-9d9e-0123456789ab",
    ],
)
def test_odd_forms_of_an_id_are_refused(text: str) -> None:
    """M02: braces, urn forms, missing dashes, the nil id."""
    with pytest.raises(ValueError, match="id"):
        parse_id(text)


@given(st.uuids())
def test_an_id_is_read_in_either_case_and_of_any_version(number: UUID) -> None:
    """M02: and becomes one canonical text."""
    assert parse_id(str(number)) == parse_id(str(number).upper()) == number


def test_minted_ids_are_version_7_and_in_the_order_of_their_minting() -> None:
    minted = [mint_id() for _ in range(1000)]

    assert all(each.version == 7 for each in minted)
    assert minted == sorted(set(minted))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user",
        f"user{ID}",
        f"User:{ID}",
        f"us er:{ID}",
        f"-user:{ID}",
        f"user-:{ID}",
        f"user:{ID}:",
        "user:",
        "user:name",
        f"user:{{{ID}}}",
        f"user:{ID}\n",
        f":{ID}",
    ],
)
def test_odd_references_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"reference|id"):
        Reference.parse(text)


@given(
    st.uuids().filter(lambda each: each.int),
    st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True),
)
def test_a_reference_is_written_as_it_is_read(number: UUID, kind: str) -> None:
    reference = Reference.parse(f"{kind}:{str(number).upper()}")

    assert str(reference) == f"{kind}:{number}"
    assert Reference.parse(str(reference)) == reference


def test_a_reference_is_never_built_from_a_text_that_is_not_canonical() -> None:
    """M02: what the authorizer is asked about has one spelling."""
    with pytest.raises(ValueError, match="canonical"):
        Reference("user", ID.upper())
    assert Reference.parse("platform:plexsphere") == PLATFORM_OBJECT


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(CANARY)),
        str(Secret(CANARY)),
        f"{Secret(CANARY)}",
        f"{Secret(CANARY)!r:>40}",
        f"{Secret(CANARY):>40}",
        f"{Secret(CANARY)} {[Secret(CANARY)]!r}",
        str({"token": Secret(CANARY)}),
        repr(Secret(CANARY.encode())),
    ],
)
def test_a_secret_is_never_shown(shown: str) -> None:
    """H46: by no way of making text of a value."""
    assert CANARY not in shown
    assert "***" in shown


def test_a_secret_is_not_carried_away() -> None:
    """H46: no pickle, no copy, no JSON, no attributes to walk."""
    secret = Secret(CANARY)
    for carry in (pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, vars, hash):
        with pytest.raises(TypeError):
            carry(secret)


def test_secrets_are_equal_when_their_values_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != "a"
    assert Secret(CANARY).reveal() == CANARY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.0",
        "10.0.0.0/7",
        "10.0.0.0/30",
        "10.0.0.1/16",
        "fd00::/64",
        "10.0.0.0/16/16",
        "10.0.0/16",
        " 10.0.0.0/16",
    ],
)
def test_odd_ranges_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        MeshRange.parse(text)


@given(st.integers(8, 29), st.integers(0, 2**32 - 1))
def test_hosts_of_a_range_are_disjoint_and_never_its_edges(prefix: int, start: int) -> None:
    mesh = MeshRange(IPv4Network((start, prefix), strict=False))
    size = mesh.network.num_addresses

    for hosts in (mesh.node_hosts, mesh.bridge_hosts):
        assert hosts[0] >= 1
        assert hosts[-1] <= size - 2
    if prefix <= 23:
        assert mesh.node_hosts[-1] < mesh.bridge_hosts[0] == size - 256
    assert MeshRange.parse(str(mesh)) == mesh
