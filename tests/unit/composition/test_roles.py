"""The roles of a process, as they are written on its command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.composition.roles import EVERY_ROLE, NAMES, Role, named, parse_roles

roles = st.frozensets(st.sampled_from(Role), min_size=1)


@given(roles, st.randoms())
def test_what_is_written_is_read_again_in_any_order_and_with_blanks(
    given_roles: frozenset[Role], chance: object
) -> None:
    names = named(given_roles).split(",")
    chance.shuffle(names)  # type: ignore[attr-defined]

    assert parse_roles(" , ".join(names)) == given_roles


def test_a_process_has_every_role_unless_it_is_told_otherwise() -> None:
    assert NAMES == "api,streams,sequencer"
    assert parse_roles(NAMES) == EVERY_ROLE == frozenset(Role)


@pytest.mark.parametrize("text", ["", "sequencers", "api,", "api;streams", "API", "all"])
def test_whatever_is_no_role_is_named_beside_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no role .*; name some of api,streams,sequencer"):
        parse_roles(text)
