"""What a stranger may send on one connection before anybody knows who he is."""

import asyncio

import pytest

from plexsphere.composition.bounded_http import MOST_HEAD_OCTETS, MOST_WAITING
from tests.support.bare_server import BareServer, bare_server, until
from tests.support.raw_http import RawConnection, request

CHUNKED = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n"
PIECE = b"y" * 16_000


async def most_waiting(server: BareServer) -> int:
    """Return how many requests wait at most on any connection while everything that was sent is read."""
    most = 0
    for _ in range(200):
        await asyncio.sleep(0)
        waiting = [len(each.pipeline) for each in server.server.open_connections]
        most = max([most, *waiting])
    return most


async def test_requests_sent_ahead_of_their_answers_are_answered_in_turn() -> None:
    async with bare_server() as server, server.connected() as lane:
        await lane.send(request("GET", "/") * (MOST_WAITING + 1))

        answers = [await lane.answer() for _ in range(MOST_WAITING + 1)]

        assert [answer.status for answer in answers] == [200] * (MOST_WAITING + 1)
        assert (await lane.call("GET", "/")).status == 200


async def test_a_body_sent_behind_other_requests_is_read_when_its_turn_comes() -> None:
    async with bare_server() as server, server.connected() as lane:
        await lane.send(request("GET", "/") * 3 + request("POST", "/", PIECE)[:-10])
        answers = [await lane.answer() for _ in range(3)]
        await lane.send(PIECE[-10:])

        assert [answer.status for answer in [*answers, await lane.answer()]] == [200] * 4


async def test_who_sends_thousands_of_requests_ahead_of_their_answers_is_cut_off() -> None:
    """H12: one read holds thousands, and each would be kept."""
    async with bare_server() as server, server.connected() as lane:
        await lane.send(request("GET", "/stream"))
        await until(lambda: server.app.straight is not None)
        sending = asyncio.create_task(lane.send(request("GET", "/") * 5_000))

        assert await most_waiting(server) <= MOST_WAITING + 1
        await server.until_open(0)
        await sending


async def ended_by(server: BareServer, lane: RawConnection, octets: bytes, most: int) -> int:
    """Return how much was sent until the connection was ended."""
    sent = 0
    while server.traffic.connections_open:
        assert sent <= most, "nothing ends it"
        await lane.send(octets)
        sent += len(octets)
        await asyncio.sleep(0.01)
    return sent


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (LAST_CHUNK, b"a:b\r\n" * 4_000),
        (LAST_CHUNK + b"a: ", PIECE),
        (b"5;", PIECE),
    ],
    ids=["many trailers", "one long trailer", "one long extension"],
)
async def test_what_follows_a_body_in_chunks_is_a_part_of_the_head_and_as_bounded(
    begin: bytes, more: bytes
) -> None:
    """H10."""
    async with bare_server() as server, server.connected() as lane:
        await lane.send(CHUNKED + begin)
        await server.until_open(1)

        await ended_by(server, lane, more, 16 * MOST_HEAD_OCTETS)


async def test_a_trailer_is_read_and_forgotten() -> None:
    async with bare_server() as server, server.connected() as lane:
        await lane.send(CHUNKED + LAST_CHUNK + b"a: b\r\n")
        await until(lambda: any(each.cycle for each in server.server.open_connections))
        [connection] = server.server.open_connections
        await lane.send(b"c: d\r\n\r\n")

        assert (await lane.answer()).status == 200
        assert b"a" not in dict(connection.headers)
        assert (await lane.call("GET", "/")).status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n" + (b"x-filler: " + b"y" * 8_000 + b"\r\n") * 9 + b"\r\n",
        b"GET /?" + b"y" * MOST_HEAD_OCTETS + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n" + b"a:b\r\n" * 20_000 + b"\r\n",
    ],
    ids=["headers", "path", "short headers"],
)
async def test_a_head_that_comes_whole_is_measured_as_any_other(head: bytes) -> None:
    """H10: 68 KiB, however few reads it takes."""
    async with bare_server() as server, server.connected() as lane:
        await server.until_open(1)
        [connection] = server.server.open_connections

        connection.data_received(head)

        assert (await lane.answer()).status == 431
        assert await lane.is_closed()


async def test_a_head_too_large_behind_an_open_answer_ends_it_and_adds_nothing() -> None:
    async with bare_server() as server, server.connected() as lane:
        await lane.send(request("GET", "/stream"))
        assert (await lane.head())[0] == 200
        [connection] = server.server.open_connections

        connection.data_received(request("GET", "/", headers={"X-Filler": "y" * MOST_HEAD_OCTETS}))

        assert b"431" not in await lane.for_a_moment(10)
        assert connection.transport.is_closing()
