"""A stream keeps what its reader has yet to be told, and no more than is bounded (design D24)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from plexsphere.fleet.application.node_stream import (
    MOST_QUEUED_FRAMES,
    MOST_STRAIGHT_FRAMES,
    Ending,
    NodeStream,
)
from plexsphere.platform.events.rows import Row
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


class Connection:
    """What goes straight to it, as long as it takes anything."""

    def __init__(self) -> None:
        self.told: list[int | None] = []
        self.takes = True

    def __call__(self, row: Row | None) -> bool:
        if self.takes:
            self.told.append(row.offset if row else None)
        return self.takes


@pytest.fixture
async def awaited() -> AsyncIterator[tuple[NodeStream, Connection, asyncio.Task[None]]]:
    """A stream whose reader waits, with its connection."""
    stream, connection = a_stream(), Connection()
    stream.straight = connection
    reader = asyncio.create_task(stream.woken())
    await asyncio.sleep(0)
    yield stream, connection, reader
    reader.cancel()


async def test_what_comes_while_the_reader_waits_goes_straight_and_wakes_nobody(awaited: Any) -> None:
    stream, connection, reader = awaited

    stream.tell(a_long_row(1, 1))
    stream.show_life()
    stream.tell(a_long_row(2, MOST_STRAIGHT_FRAMES))
    await asyncio.sleep(0)

    assert connection.told == [1, None, 2]
    assert not reader.done()
    assert stream.is_idle


async def test_what_the_connection_does_not_take_is_left_to_the_reader(awaited: Any) -> None:
    """H13: it is queued, within the bounds of the queue."""
    stream, connection, reader = awaited
    connection.takes = False

    stream.tell(a_long_row(1, 1))
    await asyncio.sleep(0)

    assert reader.done()
    assert offsets(stream) == [1]


async def test_nothing_goes_past_what_waits_for_a_woken_reader(awaited: Any) -> None:
    stream, connection, _ = awaited
    stream.tell(a_long_row(1, MOST_STRAIGHT_FRAMES + 1))

    stream.tell(a_long_row(2, 1))

    assert connection.told == []
    assert offsets(stream) == [1, 2]


async def test_an_ended_stream_goes_nowhere(awaited: Any) -> None:
    """C35: whoever left or was replaced is told nothing more, not even that the stream lives."""
    stream, connection, _ = awaited
    stream.end(Ending.ENDED)

    stream.tell(a_long_row(1, 1))
    stream.show_life()

    assert connection.told == []
