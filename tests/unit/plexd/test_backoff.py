"""Waits between attempts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexd.protocol.backoff import Backoff
from plexd.protocol.client.problems import retry_after


def test_waits_double_from_one_second_to_sixty() -> None:
    backoff = Backoff(lambda: 0.5)

    assert [backoff.delay() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.restart()
    assert backoff.delay() == 1


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 12))
def test_jitter_is_a_quarter_either_way(chance: float, attempts: int) -> None:
    jittered, plain = Backoff(lambda: chance), Backoff(lambda: 0.5)
    for _ in range(attempts):
        assert 0.75 <= jittered.delay() / plain.delay() <= 1.25


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 10**6))
def test_an_asked_wait_is_never_cut_short_nor_endless_nor_nothing(chance: float, asked: int) -> None:
    delay = Backoff(lambda: chance).delay_asked(asked)

    assert max(1, min(asked, 3600)) <= delay <= 3600 * 1.25


def test_chance_spreads_the_waits() -> None:
    chances = iter([0.1, 0.2, 0.9])
    delays = [Backoff(lambda: next(chances)).delay() for _ in range(3)]

    assert all(a < b for a, b in pairwise(delays))


@pytest.mark.parametrize(
    "value", [None, "", "-1", "1.5", "soon", "٣", "9" * 30, "Wed, 21 Oct 2026 07:28:00 GMT"]
)
def test_only_whole_seconds_are_a_wish(value: str | None) -> None:
    assert retry_after(value) is None
