"""Whatever an agent reports is kept within bounds or refused by name."""

from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.adapters.postgres.actions.reports import report_of, stored
from plexsphere.policy.domain.actions.errors import InvalidReport
from plexsphere.policy.domain.actions.report import MOST_OUTPUT, Report, TriggeredBy, cut
from plexsphere.policy.domain.actions.status import OPEN, REPORTED, TERMINAL, TargetStatus, reported_status

# What JSON can bring: NUL, lone surrogates and the widest characters.
ANY_TEXT: Final = st.text(st.characters() | st.sampled_from("\0\ud800\U0001f600"))
EDGE: Final = st.integers(MOST_OUTPUT - 4, MOST_OUTPUT + 4)


@given(
    st.builds(lambda text, size, tail: text * (size // max(len(text), 1)) + tail, ANY_TEXT, EDGE, ANY_TEXT)
)
def test_outputs_are_cut_to_64_kib_of_sound_utf_8(output: str) -> None:
    """M12."""
    kept = Report(TargetStatus.SUCCEEDED, stdout=output, stderr=output).stdout

    assert len(kept.encode()) <= MOST_OUTPUT
    assert "\0" not in kept
    assert cut(kept, MOST_OUTPUT) == kept


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=64))
def test_an_output_within_bounds_is_kept_as_it_came(output: str) -> None:
    """M12."""
    assert Report(TargetStatus.SUCCEEDED, stderr=output).stderr == output


@pytest.mark.parametrize(
    ("output", "length"),
    [
        ("x" * MOST_OUTPUT, MOST_OUTPUT),
        ("x" * (MOST_OUTPUT + 1), MOST_OUTPUT),
        ("x" * (MOST_OUTPUT - 1) + "é", MOST_OUTPUT - 1),
        ("😀" * MOST_OUTPUT, MOST_OUTPUT),
    ],
)
def test_no_character_is_halved_where_an_output_is_cut(output: str, length: int) -> None:
    """M12."""
    assert len(cut(output, MOST_OUTPUT).encode()) == length


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_action_ends_with_a_status_that_ends_it(status: TargetStatus) -> None:
    """M12."""
    with pytest.raises(InvalidReport):
        Report(status)


@pytest.mark.parametrize("word", ["", "SUCCESS", "succeeded", "ack", "done\0"])
def test_words_that_no_agent_says_are_refused(word: str) -> None:
    """M12."""
    with pytest.raises(InvalidReport):
        reported_status(word)


def test_every_word_of_an_agent_ends_an_action() -> None:
    assert {reported_status(word) for word in REPORTED} == TERMINAL


@pytest.mark.parametrize("exit_code", [-(2**31), -9, 0, 255, 2**32 - 1])
def test_exit_codes_of_any_system_are_kept(exit_code: int) -> None:
    """M12."""
    assert Report(TargetStatus.FAILED, exit_code=exit_code).exit_code == exit_code


@pytest.mark.parametrize("exit_code", [-(2**31) - 1, 2**32, 10**400])
def test_exit_codes_of_no_system_are_refused(exit_code: int) -> None:
    """M12."""
    with pytest.raises(InvalidReport):
        Report(TargetStatus.FAILED, exit_code=exit_code)


@given(
    st.builds(
        Report,
        status=st.sampled_from(sorted(TERMINAL)),
        exit_code=st.integers(-(2**31), 2**32 - 1),
        stdout=ANY_TEXT,
        stderr=ANY_TEXT,
        duration=ANY_TEXT,
        finished_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        triggered_by=st.builds(TriggeredBy, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT),
    )
)
def test_a_report_comes_back_as_it_was_stored(report: Report) -> None:
    """M12: what finished before it started is kept as it was told, for no agent's clock decides anything."""
    assert report_of(stored(report)) == report


def test_only_what_somebody_on_the_node_ran_is_local() -> None:
    local = [each for each in ("control_plane", "session", "direct_access", "local_emergency", "x")]

    assert [TriggeredBy(each).is_local for each in local] == [False, True, True, True, False]
    assert (
        Report(TargetStatus.FAILED, finished_at=datetime.min.replace(tzinfo=UTC)).triggered_by
        == TriggeredBy()
    )
