"""What can be released under which name."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.artifacts.artifact import (
    ArtifactName,
    Content,
    Release,
    SupportStatus,
    Verdict,
    is_version,
)
from plexsphere.policy.domain.artifacts.errors import InvalidArtifactName
from tests.support.artifacts import LINUX_ARM, an_artifact
from tests.support.identity import EPOCH

NO_VERSIONS = (
    *("", ".", "..", "1..5", ".1", "1.", "-1", "1.5.0-", "1/5", "..%2f", "%2e%2e", "1\\5", "1 5", "1.5.0\n"),
    *("1\0", "~", "\uff11.5", "1.5.0\u2024", "\u0661.5", "x" * 65, "C:", "1+", "1._5"),
)


@pytest.mark.parametrize("version", ["1.5.0", "v1.5.0", "1.5.0-rc.1", "1.5.0+build.7", "2026_11", "x" * 64])
def test_a_version_is_letters_and_digits_with_single_separators(version: str) -> None:
    assert ArtifactName(version, "linux", "amd64").version == version


@pytest.mark.parametrize("version", NO_VERSIONS, ids=ascii)
def test_what_could_be_a_path_or_look_like_a_version_is_none(version: str) -> None:
    """H43: matched by a grammar before anything is looked up."""
    assert not is_version(version)
    for parts in ((version, "linux", "amd64"), ("1.5.0", version, "amd64"), ("1.5.0", "linux", version)):
        with pytest.raises(InvalidArtifactName):
            ArtifactName(*parts)


@pytest.mark.parametrize("arch", ["amd64", "386", "x86_64", "arm-v7"])
def test_an_architecture_is_a_word_in_lower_case(arch: str) -> None:
    assert ArtifactName("1.5.0", "linux", arch).arch == arch
    with pytest.raises(InvalidArtifactName):
        ArtifactName("1.5.0", "linux", f"{arch}A")


@given(st.text(max_size=70))
def test_no_version_holds_anything_that_a_file_system_takes_for_more_than_a_letter(text: str) -> None:
    """H43."""
    if is_version(text):
        assert text.isascii()
        assert set(text) & set("/\\\0:~%* ") == set()
        assert ".." not in text
        assert text[0].isalnum()


@pytest.mark.parametrize(
    ("digest", "size"), [("ab" * 31, 1), ("AB" * 32, 1), ("../" + "a" * 61, 1), ("ab" * 32, 0)]
)
def test_a_content_has_a_digest_and_some_octets(digest: str, size: int) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        Content(digest, size)


@pytest.mark.parametrize(
    ("arm", "verdict"),
    [(Verdict.VERIFIED, Verdict.VERIFIED), (Verdict.UNVERIFIED, Verdict.UNVERIFIED)],
)
def test_a_release_is_verified_when_every_binary_of_it_is(arm: Verdict, verdict: Verdict) -> None:
    when: datetime = EPOCH
    artifacts = (an_artifact(verdict=Verdict.VERIFIED), an_artifact(machine=LINUX_ARM, verdict=arm))

    assert Release("1.5.0", SupportStatus.SUPPORTED, artifacts, when, when).verdict is verdict
