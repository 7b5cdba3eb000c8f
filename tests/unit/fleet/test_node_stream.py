"""A stream keeps what its reader has yet to be told, and no more than is bounded (design D24)."""

import asyncio
from collections.abc import Callable

from plexsphere.fleet.application.node_stream import MOST_QUEUED_FRAMES, Ending, NodeStream
from plexsphere.platform.kernel.events import EventType
from tests.support.event_rows import a_long_row, a_row, a_stream


def offsets(stream: NodeStream) -> list[int]:
    rows = iter(stream.next_row, None)
    return [row.offset for row in rows if row]


def test_the_replay_comes_before_what_arrived_since() -> None:
    stream = a_stream(replay=[a_long_row(3, 1), a_long_row(5, 1)], told=5)

    stream.tell(a_long_row(6, 1))

    assert offsets(stream) == [3, 5, 6]


def test_a_row_that_the_replay_held_is_not_told_again() -> None:
    stream = a_stream(replay=[a_long_row(5, 1)], told=5)

    stream.tell(a_long_row(4, 1))
    stream.tell(a_long_row(5, 1))

    assert offsets(stream) == [5]


def test_frames_that_a_reader_took_make_room() -> None:
    stream = a_stream()
    for offset in range(1, 10 * MOST_QUEUED_FRAMES):
        stream.tell(a_long_row(offset, 1))
        stream.next_row()

    assert stream.ending is None


def test_more_than_256_waiting_frames_end_the_stream() -> None:
    """H13: what waits is dropped at once; the reader comes back with its last id."""
    stream = a_stream()
    for offset in range(1, MOST_QUEUED_FRAMES + 1):
        stream.tell(a_long_row(offset, 1))
    assert stream.ending is None

    stream.tell(a_long_row(MOST_QUEUED_FRAMES + 1, 1))

    assert stream.ending is Ending.TOO_SLOW
    assert offsets(stream) == []


def test_one_row_of_any_length_fits_into_an_empty_queue() -> None:
    stream = a_stream()

    stream.tell(a_long_row(1, MOST_QUEUED_FRAMES + 1))
    assert stream.ending is None

    stream.tell(a_long_row(2, 1))
    assert stream.ending is Ending.TOO_SLOW


def test_an_ended_stream_takes_nothing_more() -> None:
    stream = a_stream(replay=[a_long_row(1, 1)], told=1)

    stream.end(Ending.ENDED)
    stream.tell(a_long_row(2, 1))

    assert offsets(stream) == []


def test_the_first_ending_counts() -> None:
    stream = a_stream()

    stream.end(Ending.REPLACED)
    stream.end(Ending.SHUTDOWN)

    assert stream.ending is Ending.REPLACED


async def test_a_waiting_reader_is_woken_by_a_row_by_the_end_and_by_time() -> None:
    stirs: list[Callable[[NodeStream], None]] = [
        lambda stream: stream.tell(a_row(1, (EventType.POLICY_UPDATED, 1))),
        lambda stream: stream.end(Ending.ENDED),
        lambda stream: stream.wake(),
    ]
    for stir in stirs:
        stream = a_stream()
        waiting = asyncio.create_task(stream.woken())
        await asyncio.sleep(0)
        assert not waiting.done()

        stir(stream)
        stir(stream)

        await asyncio.wait_for(waiting, 1)
