"""What goes straight to a connection is a part of the answer like any other, and no more than a connection holds."""

import asyncio

from plexsphere.api.straight import Write, straight_answer, straight_write
from plexsphere.composition.server import SEND_BUFFER_BYTES
from tests.support.bare_server import BareServer, bare_server, until
from tests.support.raw_http import RawConnection, request

FRAME = b"id: 7.0\ndata: {}\n\n"
MOST_WRITES = 1_000
ASKED = [("GET", "/whole"), ("GET", "/"), ("GET", "/whole")]


async def streaming(server: BareServer, lane: RawConnection) -> Write:
    """Ask for a stream, and return the straight way to it."""
    await lane.send(request("GET", "/stream"))
    await until(lambda: server.app.straight is not None)
    write = server.app.straight
    assert write is not None
    return write


async def test_octets_written_straight_are_chunks_between_those_that_are_sent() -> None:
    async with bare_server() as server, server.connected() as lane:
        write = await streaming(server, lane)

        assert [write(FRAME), write(FRAME)] == [True, True]
        server.app.released.set()

        await lane.head()
        assert await lane.until_ended() == b": \n\n" + FRAME + FRAME


async def test_a_connection_that_takes_nothing_more_is_written_nothing_more() -> None:
    """H13: what waits for a stalled reader is bounded."""
    async with bare_server() as server, server.connected() as lane:
        write = await streaming(server, lane)
        octets = bytes(SEND_BUFFER_BYTES)

        written = [write(octets) for _ in range(MOST_WRITES)]
        [connection] = server.server.open_connections
        held = connection.transport.get_write_buffer_size()

        assert not written[-1]
        assert held <= 4 * SEND_BUFFER_BYTES
        connection.transport.abort()
        await asyncio.sleep(0)
        assert not write(FRAME)


async def test_a_whole_answer_leaves_the_connection_as_any_other_does() -> None:
    async with bare_server() as server, server.connected() as lane:
        answers = [await lane.call(method, path) for method, path in ASKED]

        assert [answer.status for answer in answers] == [200, 200, 200]
        assert [answer.header("x-whole") for answer in answers] == ["yes", "", "yes"]
        assert [answer.body for answer in answers] == [b"", b"", b""]
        assert all(answer.header("date") for answer in answers)


async def test_requests_that_were_sent_at_once_are_answered_in_their_order() -> None:
    async with bare_server() as server, server.connected() as lane:
        await lane.send(b"".join(request(method, path) for method, path in ASKED))

        told = [(await lane.answer()).header("x-whole") for _ in ASKED]

        assert told == ["", "", "yes"]


async def test_a_connection_that_ends_with_its_answer_is_sent_it_as_ever() -> None:
    async with bare_server() as server, server.connected() as lane:
        answer = await lane.call("GET", "/whole", headers={"Connection": "close"})

        assert (answer.status, answer.header("x-whole"), answer.header("connection")) == (200, "", "close")
        assert await lane.is_closed()


def test_a_server_without_such_a_way_never_takes_anything() -> None:
    assert not straight_answer({"type": "http"})(200, [], b"")
    assert not straight_write({"type": "http"})(FRAME)
    assert not straight_write({"type": "http", "extensions": {"http.response.push": {}}})(FRAME)
