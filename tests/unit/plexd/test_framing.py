"""Server-sent events, from bytes cut anywhere to whole frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexd.protocol.errors import BrokenStream
from plexd.protocol.events.framing import LINE_LIMIT, Frame, FrameParser


def parse(*chunks: bytes) -> list[Frame]:
    parser = FrameParser()
    return [frame for chunk in chunks for frame in parser.feed(chunk)]


def test_a_block_with_id_event_and_data_is_a_frame() -> None:
    assert parse(b'id: 7.0\nevent: peer_added\ndata: {"a":1}\n\n') == [Frame(b'{"a":1}', "7.0", "peer_added")]


def test_lines_may_end_with_crlf() -> None:
    assert parse(b"id: 7.0\r\ndata: x\r\n\r\n") == [Frame(b"x", "7.0", "")]


def test_data_lines_are_joined_by_line_feeds() -> None:
    assert parse(b"data: a\ndata:b\ndata:  c\n\n") == [Frame(b"a\nb\n c", None, "")]


def test_comments_and_unknown_fields_say_nothing() -> None:
    assert parse(b": still here\n\nretry: 5\nfoo: bar\nnonsense\ndata: x\n\n") == [Frame(b"x", None, "")]


def test_an_id_counts_only_in_a_block_with_data() -> None:
    assert parse(b"id: 9.9\n\ndata: x\n\n") == [Frame(b"x", None, "")]


@pytest.mark.parametrize("value", [b"", b"a b", b"\xc3\xa9", b"a\x00b", b"9" * 257])
def test_what_could_not_be_a_header_value_is_no_id(value: bytes) -> None:
    assert parse(b"id: " + value + b"\ndata: x\n\n") == [Frame(b"x", None, "")]


def test_a_line_of_64_kib_ends_the_stream() -> None:
    longest = b"data: " + b"x" * (LINE_LIMIT - 7)
    assert parse(longest + b"\n\n") == [Frame(longest[6:], None, "")]

    with pytest.raises(BrokenStream):
        parse(longest + b"x\n\n")


def test_an_overlong_line_is_given_up_before_it_ends() -> None:
    with pytest.raises(BrokenStream):
        parse(b"data: ", b"x" * LINE_LIMIT)


def test_frames_before_an_overlong_line_still_count() -> None:
    frames = FrameParser().feed(b"data: first\n\n" + b"x" * LINE_LIMIT)

    assert next(frames).data == b"first"
    with pytest.raises(BrokenStream):
        next(frames)


def test_a_block_that_never_ends_is_given_up() -> None:
    line = b"data: " + b"x" * 60_000 + b"\n"
    with pytest.raises(BrokenStream):
        parse(*[line] * 100)


def test_a_cut_at_any_byte_never_yields_a_frame_without_its_blank_line() -> None:
    """H37: whatever arrives before the cut, only blocks closed by their blank line are frames."""
    first, second = b"id: 1.0\ndata: one\n\n", b"id: 2.0\r\ndata: two\r\n\r\n"
    stream = first + second
    for cut in range(len(stream)):
        frames = [frame.data for frame in parse(stream[:cut])]
        assert frames == ([b"one"] if cut >= len(first) else [])


def test_frames_may_come_byte_by_byte() -> None:
    stream = b"id: 1.0\r\ndata: one\r\n\r\n: x\n\nid: 2.0\ndata: two\n\n"

    assert parse(*[bytes([octet]) for octet in stream]) == parse(stream)
    assert [frame.id for frame in parse(stream)] == ["1.0", "2.0"]


BLOCKS = st.lists(
    st.tuples(
        st.lists(
            st.binary(max_size=40).filter(lambda data: b"\n" not in data and b"\r" not in data), min_size=1
        ),
        st.integers(0, 10**9),
    ),
    max_size=6,
)


@given(BLOCKS, st.data(), st.sampled_from([b"\n", b"\r\n"]))
def test_frames_survive_any_chunking(
    blocks: list[tuple[list[bytes], int]], data: st.DataObject, end: bytes
) -> None:
    text = b"".join(
        b": comment" + end + b"id: %d.0" % number + end
        + b"".join(b"data: " + line + end for line in lines) + end
        for lines, number in blocks
    )  # fmt: skip
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert parse(*chunks) == [Frame(b"\n".join(lines), f"{number}.0", "") for lines, number in blocks]
