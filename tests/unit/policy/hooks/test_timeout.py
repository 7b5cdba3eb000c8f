"""Timeouts as agents announce them."""

import pytest

from plexsphere.policy.domain.hooks.timeout import LONGEST_SECONDS, timeout_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300s", 300),
        ("1h30m", 5400),
        ("2.34s", 3),
        ("500ms", 1),
        ("1m0.5s", 61),
        ("72h", LONGEST_SECONDS),
        (f"{'9' * 60}h", LONGEST_SECONDS),
    ],
)
def test_a_duration_is_whole_seconds_rounded_up_and_a_day_at_most(text: str, seconds: int) -> None:
    assert timeout_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "0", "300", "s", "-5s", "5 s", "five", "5s!", "1h" * 40])
def test_what_is_no_duration_announces_no_timeout(text: str) -> None:
    assert timeout_seconds(text) is None
