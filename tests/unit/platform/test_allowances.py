"""Allowances are token buckets, whatever is asked of them and when."""

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform.allowances import Allowances
from tests.support.identity import FakeClock

PER_MINUTE = 60
AT_ONCE = 10


class NaiveBucket:
    """Holds its tokens in a number."""

    def __init__(self) -> None:
        self.tokens = float(AT_ONCE)
        self.at = 0.0

    def take(self, now: float) -> bool:
        self.tokens = min(AT_ONCE, self.tokens + (now - self.at) * PER_MINUTE / 60)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


# Whole seconds, so that the model's fractions of tokens are exact.
PAUSES = st.lists(st.tuples(st.integers(0, 15), st.sampled_from("ab")), max_size=80)


@given(PAUSES)
def test_an_allowance_is_a_bucket_of_tokens_for_each_key(pauses: list[tuple[int, str]]) -> None:
    clock = FakeClock()
    began = clock.monotonic()
    allowances, buckets = Allowances[str](clock, PER_MINUTE), {"a": NaiveBucket(), "b": NaiveBucket()}

    for seconds, key in pauses:
        clock.advance(seconds)

        told = allowances.seconds_until(key)
        assert allowances.take(key) == told
        assert (told == 0) is buckets[key].take(clock.monotonic() - began)


@given(st.integers(1, 100_000), st.integers(0, 60))
def test_whoever_waits_as_long_as_told_has_one_again(per_minute: int, pause: int) -> None:
    clock = FakeClock()
    allowances = Allowances[str](clock, per_minute)
    clock.advance(pause)
    while not (seconds := allowances.take("a")):
        continue

    clock.advance(seconds + 1e-5)

    assert allowances.take("a") == 0
    assert allowances.take("a") > 0


def test_a_sixth_of_a_minutes_allowance_may_be_taken_at_once() -> None:
    allowances = Allowances[str](FakeClock(), 600)

    assert [allowances.take("a") == 0 for _ in range(102)] == [True] * 100 + [False] * 2


def test_however_many_keys_strangers_make_up_memory_is_bounded() -> None:
    """H16: and the last of them are all remembered."""
    allowances = Allowances[int](FakeClock(), 6, remembered=100)
    for key in range(1_000):
        allowances.take(key)

    assert len(allowances) <= 200
    assert all(allowances.take(key) > 0 for key in range(901, 1_000))
