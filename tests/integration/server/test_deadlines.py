"""H11: how long a client may keep the server waiting, and for what."""

import asyncio

import pytest

from tests.support.bare_server import BareServer, bare_server
from tests.support.raw_http import RawConnection, request

POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
SECONDS = (1.0,) * 120


async def seconds_until_cut(server: BareServer, within: int) -> int:
    """Return after how many seconds a connection was ended."""
    traffic = server.traffic
    before = traffic.cut_in_head + traffic.cut_in_body + traffic.cut_in_silence
    for second in range(1, within + 1):
        await server.after(1.0)
        if traffic.cut_in_head + traffic.cut_in_body + traffic.cut_in_silence > before:
            return second
    raise AssertionError(f"nothing was cut within {within} s")


async def answered(connection: RawConnection) -> None:
    assert (await connection.call("GET", "/")).status == 200


async def test_a_head_that_drips_is_ended_within_15_seconds() -> None:
    """H11: and answered 408, however steadily its bytes come."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(b"GET / HTTP/1.1\r\nHost: here\r\n")
        drip = asyncio.create_task(_drip(connection, b"x: y\r\n"))

        assert 12 <= await seconds_until_cut(server, 15) <= 15

        drip.cancel()
        assert (await connection.answer()).status == 408
        assert await connection.is_closed()
        assert server.traffic.cut_in_head == 1


async def _drip(connection: RawConnection, octets: bytes) -> None:
    while True:
        await connection.send(octets)
        await asyncio.sleep(0.02)


async def test_a_second_head_on_a_connection_has_its_own_time() -> None:
    async with bare_server() as server, server.connected() as connection:
        await answered(connection)
        await server.after(1, 10)
        await connection.send(b"GET / HTTP/1.1\r\n")
        await server.after(1, 10)

        await connection.send(b"Host: here\r\n\r\n")

        assert (await connection.answer()).status == 200


async def test_a_body_that_comes_slower_than_a_kibibyte_a_second_is_ended() -> None:
    """H11: once 10 s are over, so that one lost packet is no offence."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(POST)
        drip = asyncio.create_task(_drip(connection, b"x"))

        assert 8 <= await seconds_until_cut(server, 12) <= 10

        drip.cancel()
        assert (await connection.answer()).status == 408
        assert await connection.is_closed()
        assert server.traffic.cut_in_body == 1


async def test_a_body_that_comes_fast_enough_has_30_seconds() -> None:
    async with bare_server() as server, server.connected() as connection:
        await connection.send(POST)
        for _ in range(26):
            await connection.send(b"x" * 2048)
            await server.after(1)
        assert server.traffic.cut_in_body == 0

        await connection.send(b"x" * 20_000)

        assert await seconds_until_cut(server, 5) <= 4


async def test_a_body_that_more_time_was_asked_for_has_that_and_the_next_one_has_not() -> None:
    """H11: the least pace holds all the same."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(POST.replace(b"/", b"/patient", 1))
        for _ in range(40):
            await connection.send(b"x" * 2500)
            await server.after(1)
        assert (await connection.answer()).status == 200

        await connection.send(POST)
        for _ in range(26):
            await connection.send(b"x" * 2048)
            await server.after(1)
        assert await seconds_until_cut(server, 5) <= 4


async def test_a_body_that_more_time_was_asked_for_must_not_drip_either() -> None:
    """H11."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(POST.replace(b"/", b"/patient", 1))
        drip = asyncio.create_task(_drip(connection, b"x"))

        assert 8 <= await seconds_until_cut(server, 12) <= 10
        drip.cancel()


async def test_a_body_that_comes_in_time_is_answered() -> None:
    async with bare_server() as server, server.connected() as connection:
        await connection.send(POST + b"x" * 50_000)
        await server.after(1, 9)
        await connection.send(b"x" * 50_000)

        assert (await connection.answer()).status == 200
        assert server.traffic.cut_in_body == 0


@pytest.mark.parametrize("said", [b"", b"\r\n\r\n"], ids=["nothing", "empty lines"])
async def test_a_connection_that_never_asks_for_anything_is_ended_within_30_seconds(said: bytes) -> None:
    """H11: silence."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(said)
        await server.until_open(1)

        assert 27 <= await seconds_until_cut(server, 30) <= 30

        assert await connection.is_closed()
        assert server.traffic.cut_in_silence == 1


async def test_a_connection_that_is_kept_alive_is_ended_30_seconds_after_its_last_answer() -> None:
    """H11: silence after a request."""
    async with bare_server() as server, server.connected() as connection:
        for _ in range(3):
            await answered(connection)
            await server.after(*SECONDS[:20])

        assert await seconds_until_cut(server, 12) >= 8
        assert await connection.is_closed()


async def test_a_body_that_nobody_took_is_no_excuse_for_silence() -> None:
    """H11: what was refused early leaves the rest of a body behind."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(b"GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n")
        assert (await connection.answer()).status == 200

        assert await seconds_until_cut(server, 30) >= 27


async def test_an_open_stream_is_no_silence() -> None:
    async with bare_server() as server, server.connected() as connection:
        await connection.send(request("GET", "/stream"))
        assert (await connection.head())[0] == 200

        await server.after(*SECONDS)

        assert not connection.is_closing()
        assert server.traffic.connections_open == 1
        assert server.traffic.cut_in_silence == 0


async def test_an_answer_that_nobody_takes_is_given_up_after_a_minute() -> None:
    """H11: the connection ends, although its client would never end it."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(request("GET", "/large"))
        assert (await connection.head())[0] == 200

        assert await seconds_until_cut(server, 60) >= 57
        await server.after(1)

        await server.until_open(0)


async def test_what_was_given_up_amidst_an_answer_ends_although_nobody_takes_the_rest() -> None:
    """H11: a connection that is closed keeps what was not sent, and its place, for as long as its client likes."""
    async with bare_server() as server, server.connected() as connection:
        await connection.send(request("GET", "/abandoned"))
        assert (await connection.head())[0] == 200

        assert 57 <= await seconds_until_cut(server, 60) <= 60
        await server.after(1)

        await server.until_open(0)
