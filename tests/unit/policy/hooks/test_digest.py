"""Digests have one canonical form, and nothing else is taken for one."""

import re
from string import hexdigits

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plexsphere.policy.domain.hooks.digest import canonical, is_canonical

DIGEST = "0123456789abcdef" * 4
LIKE_DIGESTS = st.one_of(
    st.text(alphabet=hexdigits + " :\n", max_size=140),
    st.from_regex(r"\A(sha256:|sha512:|SHA256:|sha256: )?[0-9a-fA-F]{62,66}\s?\Z"),
    st.from_regex(r"\A(sha512:)?[0-9a-f]{128}\Z"),
)


@given(LIKE_DIGESTS)
@example(DIGEST + "\n")
@example(f"sha256:{DIGEST}\n")
@example(f"sha256:{DIGEST.upper()}")
def test_only_sixty_four_lower_case_digits_behind_sha256_are_canonical(text: str) -> None:
    """M14: upper case, other lengths, other algorithms and spaces are no digests."""
    expected = re.compile(r"\Asha256:[0-9a-f]{64}\Z").match(text) is not None

    assert is_canonical(text) is expected


@given(LIKE_DIGESTS)
def test_what_is_made_canonical_stays_so_and_only_bare_digests_change(text: str) -> None:
    """M14: no text is repaired on the way; a bare digest alone gains its prefix."""
    made = canonical(text)

    assert canonical(made) == made
    assert made in {text, f"sha256:{text}"}
    assert (made != text) is (re.compile(r"\A[0-9a-f]{64}\Z").match(text) is not None)


@pytest.mark.parametrize("text", [DIGEST, f"sha256:{DIGEST}"])
def test_both_spellings_of_a_digest_name_the_same_one(text: str) -> None:
    assert canonical(text) == f"sha256:{DIGEST}"
