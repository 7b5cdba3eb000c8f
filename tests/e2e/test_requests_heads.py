"""A request's head is bounded before anybody knows who sends it."""

import asyncio

import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

PIECE = b"x-filler: " + b"y" * 8000 + b"\r\n"


async def test_a_head_beyond_64_kib_is_answered_431_and_the_connection_closed(database: Secret[str]) -> None:
    async with served(database) as place:
        port = int(place.base_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: here\r\n" + PIECE * 9)

        async with asyncio.timeout(10):
            answer = await reader.read()

        assert answer.startswith(b"HTTP/1.1 431 ")
        writer.close()


async def test_a_head_of_a_few_kilobytes_is_served(database: Secret[str]) -> None:
    async with served(database) as place:
        port = int(place.base_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: here\r\n" + PIECE * 6 + b"\r\n")

        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()
