"""Hostnames are RFC 1123's, in lower case (M01)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.domain.errors import InvalidHostname
from plexsphere.fleet.domain.hostname import hostname

LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=3))
def test_labels_parted_by_dots_are_a_hostname_however_they_are_written(labels: list[str]) -> None:
    text = ".".join(labels)

    assert hostname(text) == text.lower()
    assert hostname(text.upper()) == hostname(text)
    assert hostname(hostname(text)) == hostname(text)


@given(st.text(max_size=300))
def test_whatever_is_taken_is_plain(text: str) -> None:
    try:
        taken = hostname(text)
    except InvalidHostname:
        return
    assert re.fullmatch(r"[a-z0-9.-]{1,253}", taken)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "web.",
        ".web",
        "web..01",
        "-web",
        "web-",
        "web_01",
        "web 01",
        "web-01\n",
        "web-01\x00",
        "\N{KELVIN SIGN}-01",
        "w\N{CYRILLIC SMALL LETTER IE}b",
        "\N{RIGHT-TO-LEFT OVERRIDE}bew",
        "$(reboot)",
        "a" * 64,
        "a." * 127,
    ],
)
def test_lookalikes_and_shell_text_are_refused(text: str) -> None:
    """M01: nothing but ASCII, so two hostnames that look alike are alike."""
    with pytest.raises(InvalidHostname):
        hostname(text)
