import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.platform.cursors import LONGEST_CURSOR, LONGEST_POSITION, SealedCursors
from plexsphere.platform.kernel.cursors import CursorBindingMismatch, InvalidCursor
from plexsphere.platform.kernel.secret import Secret

CURSORS = SealedCursors(Secret(bytes(range(32))))
ALICE = "user:0190f3a0-0000-7000-8000-00000000000a"
BOB = "user:0190f3a0-0000-7000-8000-00000000000b"

positions = st.text(st.characters(codec="utf-8"), max_size=60)


@given(positions)
def test_a_cursor_leads_its_caller_back_to_the_position(position: str) -> None:
    assert CURSORS.decode(ALICE, "domains", CURSORS.encode(ALICE, "domains", position)) == position


@given(positions)
def test_another_caller_is_told_that_the_cursor_is_not_his(position: str) -> None:
    """H41: a good cursor of somebody else is a mismatch, never a page."""
    with pytest.raises(CursorBindingMismatch):
        CURSORS.decode(BOB, "domains", CURSORS.encode(ALICE, "domains", position))


@given(positions)
def test_a_cursor_of_another_list_is_invalid(position: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.decode(ALICE, "projects", CURSORS.encode(ALICE, "domains", position))


@settings(max_examples=200)
@given(st.data())
def test_no_altered_character_survives(data: st.DataObject) -> None:
    """H41: every single-character change is refused."""
    cursor = CURSORS.encode(ALICE, "domains", "slug-a")
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda char: char != cursor[place]))

    with pytest.raises(InvalidCursor):
        CURSORS.decode(ALICE, "domains", cursor[:place] + other + cursor[place + 1 :])


@given(st.integers(0, 400))
def test_no_cut_cursor_survives(length: int) -> None:
    """H41: truncation is refused."""
    cursor = CURSORS.encode(ALICE, "domains", "slug-a")

    with pytest.raises(InvalidCursor):
        CURSORS.decode(ALICE, "domains", cursor[: min(length, len(cursor) - 1)])


@given(st.text(max_size=300))
def test_no_invented_text_is_a_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.decode(ALICE, "domains", text)


def test_a_megabyte_is_refused_before_it_is_decoded() -> None:
    """H41: 1 MiB."""
    with pytest.raises(InvalidCursor):
        CURSORS.decode(ALICE, "domains", "A" * 1024 * 1024)


def test_a_cursor_under_another_wrap_key_is_invalid() -> None:
    """H41: old pepper."""
    other = SealedCursors(Secret(bytes(32)))

    with pytest.raises(InvalidCursor):
        other.decode(ALICE, "domains", CURSORS.encode(ALICE, "domains", "slug-a"))


def test_padding_does_not_make_a_second_spelling() -> None:
    cursor = CURSORS.encode(ALICE, "domains", "slug")

    with pytest.raises(InvalidCursor):
        CURSORS.decode(ALICE, "domains", cursor + "=" * (-len(cursor) % 4 or 4))


def test_the_longest_position_still_fits() -> None:
    cursor = CURSORS.encode(ALICE, "domains", "p" * LONGEST_POSITION)

    assert len(cursor) <= LONGEST_CURSOR
    assert CURSORS.decode(ALICE, "domains", cursor) == "p" * LONGEST_POSITION


def test_a_position_beyond_the_bound_is_never_minted() -> None:
    with pytest.raises(ValueError, match="at most"):
        CURSORS.encode(ALICE, "domains", "p" * (LONGEST_POSITION + 1))
