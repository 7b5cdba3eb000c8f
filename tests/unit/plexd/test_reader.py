"""The event reader: it reconnects for as long as the node is one, and never in haste."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from plexd.protocol.errors import ControlPlaneError, Overloaded, Refused, Unauthorized, Unreachable
from plexd.protocol.events.happenings import Delivered, Discarded, Happening, Interrupted, Opened, PollDue
from plexd.protocol.events.reader import EventReader
from plexd.protocol.events.verification import Rejection, Verifier
from plexd.protocol.keys.signing_keys import SigningKeys
from tests.unit.plexd.signing import Pen, frame, instant_text
from tests.unit.plexd.virtual_timing import NOON, VirtualClock, virtual_timing

NODE = "n1"
PEN = Pen(1)


Attempt = ControlPlaneError | Sequence[bytes | ControlPlaneError | float]


class ScriptEnds(Exception):
    """Nobody knows what comes next."""


@dataclass
class ScriptedServer:
    """Plays one attempt after the other: an error before the headers, or chunks, the last of which may be an error."""

    attempts: list[Attempt]
    clock: VirtualClock
    asked_after: list[str | None] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, last_event_id: str | None) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked_after.append(last_event_id)
        if not self.attempts:
            raise ScriptEnds
        attempt = self.attempts.pop(0)
        if isinstance(attempt, ControlPlaneError):
            raise attempt
        yield self._play(attempt)

    async def _play(self, attempt: Sequence[bytes | ControlPlaneError | float]) -> AsyncIterator[bytes]:
        for step in attempt:
            if isinstance(step, ControlPlaneError):
                raise step
            if isinstance(step, float):
                self.clock.advance(step)
            else:
                yield step


def event(number: int, pen: Pen = PEN) -> bytes:
    payload = {"node_id": NODE, "peer_id": "p"}
    data = pen.sign("peer_removed", f"e{number}", instant_text(NOON), f"nonce-{number}", payload)
    return frame(data, f"{number}.0")


async def follow(reader: EventReader, seen: list[Happening]) -> None:
    async for happening in reader.happenings():
        seen.append(happening)


async def read(
    *attempts: Attempt, clock: VirtualClock | None = None
) -> tuple[list[Happening], ScriptedServer, EventReader]:
    clock = clock or VirtualClock()
    server = ScriptedServer(list(attempts), clock)
    verifier = Verifier(NODE, SigningKeys.registered(PEN.public_key), clock)
    reader = EventReader(server.open, verifier, virtual_timing(clock), poll_interval=60)
    seen: list[Happening] = []
    with pytest.raises(ScriptEnds):
        await follow(reader, seen)
    return seen, server, reader


def delays(seen: list[Happening]) -> list[float]:
    return [each.delay for each in seen if isinstance(each, Interrupted)]


async def test_events_come_in_order_and_each_moves_the_cursor() -> None:
    seen, server, reader = await read([event(1) + event(2), event(3)])

    assert [each.event.event_id for each in seen if isinstance(each, Delivered)] == ["e1", "e2", "e3"]
    assert server.asked_after == [None, "3.0"]
    assert reader.last_event_id == "3.0"


async def test_a_reconnect_is_told_apart_from_the_first_opening() -> None:
    seen, _, _ = await read([], [])

    assert [each for each in seen if isinstance(each, Opened)] == [Opened(False), Opened(True)]


async def test_a_failed_first_attempt_is_no_connection_to_come_back_to() -> None:
    seen, _, _ = await read(Unreachable(), [])

    assert Opened(False) in seen
    assert Opened(True) not in seen


async def test_a_rejected_event_still_moves_the_cursor() -> None:
    seen, server, _ = await read([event(1), event(2, Pen(9))])

    assert seen[2] == Discarded(Rejection.BAD_SIGNATURE, "e2", "2.0")
    assert server.asked_after == [None, "2.0"]


async def test_a_frame_cut_short_is_asked_for_again() -> None:
    """H37: a stream cut at any byte of a frame leaves the cursor before it; the replay brings it whole."""
    second = event(2)
    for cut in range(0, len(second), 7):
        seen, server, _ = await read([event(1) + second[:cut], Unreachable()], [second])

        assert [each.event.event_id for each in seen if isinstance(each, Delivered)] == ["e1", "e2"]
        assert server.asked_after == [None, "1.0", "2.0"]


async def test_failures_are_backed_off_from_one_second_to_sixty() -> None:
    seen, _, _ = await read(*[Unreachable() for _ in range(8)])

    assert delays(seen) == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_stream_that_opens_and_ends_at_once_is_backed_off_too() -> None:
    seen, _, _ = await read(*[[] for _ in range(5)])

    assert delays(seen) == [1, 2, 4, 8, 16]


async def test_comments_alone_do_not_make_a_stream_a_good_one() -> None:
    seen, _, _ = await read(*[[b": hello\n\n"] for _ in range(3)])

    assert delays(seen) == [1, 2, 4]


async def test_a_stream_that_carried_a_frame_or_lived_a_minute_begins_the_series_anew() -> None:
    seen, _, _ = await read(Unreachable(), Unreachable(), [event(1)], Unreachable(), [61.0, b":\n"])

    assert delays(seen) == [1, 2, 1, 2, 1]


async def test_an_overload_is_waited_out_as_long_as_it_asks() -> None:
    seen, _, _ = await read(
        Overloaded(503, retry_after=30.0), Overloaded(429, retry_after=0.0), Overloaded(429)
    )

    assert delays(seen)[0] == pytest.approx(30 * 1.125)
    assert delays(seen)[1] >= 1
    assert delays(seen)[2] == 1


async def test_an_overlong_line_ends_the_stream_and_is_backed_off() -> None:
    seen, _, _ = await read([b"x" * 70_000])

    assert [type(each) for each in seen] == [Opened, Interrupted]


async def test_only_a_dead_credential_ends_the_reading() -> None:
    clock = VirtualClock()
    server = ScriptedServer([Refused(404), Refused(500), Unauthorized(401)], clock)
    verifier = Verifier(NODE, SigningKeys.registered(PEN.public_key), clock)
    reader = EventReader(server.open, verifier, virtual_timing(clock))

    with pytest.raises(Unauthorized):
        await follow(reader, [])
    assert len(server.asked_after) == 3


async def test_after_five_minutes_without_a_stream_the_state_is_polled_at_its_interval() -> None:
    """Attempts fail at 0, 1, 3, 7, 15, 31, 63, 123, 183, 243 ... 543 s; polls are due from 300 s."""
    clock = VirtualClock()
    seen, _, _ = await read(*[Unreachable() for _ in range(14)], clock=clock)

    polls = [each for each in seen if isinstance(each, PollDue)]
    assert clock.elapsed == 543
    assert len(polls) == len([300, 360, 420, 480, 540])
    assert not any(isinstance(each, PollDue) for each in seen[:10])


async def test_an_open_stream_ends_the_polling() -> None:
    outage = [Unreachable() for _ in range(12)]
    seen, _, _ = await read(*outage, [event(1), 200.0, b":\n"], *[Unreachable() for _ in range(6)])

    opened = next(i for i, each in enumerate(seen) if isinstance(each, Opened))
    assert any(isinstance(each, PollDue) for each in seen[:opened])
    assert not any(isinstance(each, PollDue) for each in seen[opened:])


async def test_a_redelivered_event_acts_once() -> None:
    """C24: repeats carry the same event id and nonce, so a quick one is recognised."""
    again = json.loads(event(1).split(b"data: ")[1])
    later = PEN.sign(
        "peer_removed", "e1", instant_text(NOON + timedelta(seconds=1)), again["nonce"], again["payload"]
    )
    seen, _, _ = await read([event(1)], [frame(later, "1.0")])

    assert [type(each) for each in seen if not isinstance(each, Interrupted | Opened)] == [
        Delivered,
        Discarded,
    ]
    assert Discarded(Rejection.REPLAYED, "e1", "1.0") in seen
