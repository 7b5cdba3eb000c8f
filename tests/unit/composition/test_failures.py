"""Failures are counted by their source."""

from plexsphere.composition.failures import REMEMBERED_SOURCES, FailuresBySource
from tests.support.identity import FakeClock


def test_failures_count_for_a_minute_and_for_their_source_alone() -> None:
    """D10, H16."""
    clock = FakeClock()
    failures = FailuresBySource(clock, allowed=3)
    for _ in range(3):
        assert not failures.seconds_barred("203.0.113.1")
        failures.count("203.0.113.1")

    assert failures.seconds_barred("203.0.113.1") == 60
    assert not failures.seconds_barred("203.0.113.2")
    clock.advance(59)
    assert failures.seconds_barred("203.0.113.1") == 1
    clock.advance(2)
    assert not failures.seconds_barred("203.0.113.1")
    failures.count("203.0.113.1")
    assert not failures.seconds_barred("203.0.113.1")


def test_whoever_failed_longest_ago_is_forgotten_first() -> None:
    failures = FailuresBySource(FakeClock(), allowed=1)
    for number in range(REMEMBERED_SOURCES):
        failures.count(f"source {number}")
    failures.count("source 0")
    failures.count("one more")

    assert failures.seconds_barred("source 0")
    assert not failures.seconds_barred("source 1")
