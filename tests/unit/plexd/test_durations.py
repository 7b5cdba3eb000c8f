"""Lengths of time in the agent's notation."""

from datetime import timedelta

import pytest

from plexd.protocol.durations import parse_duration, print_seconds, print_uptime


@pytest.mark.parametrize(
    ("text", "seconds"), [("24h", 86_400), ("1h30m", 5_400), ("2.5s", 2.5), ("300ms", 0.3), ("1m1s", 61)]
)
def test_numbers_and_units_add_up(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "24", "h", "1h x", "-1h", "1 h", "٢h", "999999999999h"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_lengths_are_printed_as_the_protocol_shows_them() -> None:
    assert print_uptime(72 * 3600 + 15 * 60 + 59) == "72h15m"
    assert print_seconds(2.344) == "2.34s"
