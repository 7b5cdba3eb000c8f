import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.api.v1.domains.durations import read_seconds, write_seconds


@given(st.integers(0, 10_000_000))
def test_a_written_duration_reads_as_the_same_seconds(seconds: int) -> None:
    assert read_seconds(write_seconds(seconds)) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("5m0s", 300), ("1h0m5s", 3605)])
def test_the_forms_of_the_contract_are_read(text: str, seconds: int) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "s", "-30s", "1.5s", "30 s", "30S", "500ms", "\N{ARABIC-INDIC DIGIT ONE}s", "9" * 40]
)
def test_what_is_no_whole_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_seconds(text)


@given(st.text(max_size=40))
def test_no_text_reads_as_a_negative_duration(text: str) -> None:
    try:
        assert read_seconds(text) >= 0
    except ValueError:
        return
