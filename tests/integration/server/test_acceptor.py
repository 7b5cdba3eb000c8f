"""H12: the listener goes on listening, and no source takes every place."""

import asyncio
import logging
import resource
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from plexsphere.composition import acceptor
from plexsphere.composition.connections import Bounds, allow_descriptors, bounds_of
from plexsphere.composition.settings import Tls
from tests.support.bare_server import BareServer, bare_server, until
from tests.support.raw_http import RawConnection
from tests.unit.plexd.certificate import write_certificate

FEW = Bounds(in_all=8, from_one_source=5)
STRANGER = "127.0.0.2"


async def is_served(connection: RawConnection) -> bool:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        return (await connection.call("GET", "/")).status == 200
    return False


async def fill(stack: AsyncExitStack, server: BareServer, source: str, count: int) -> list[RawConnection]:
    return [await stack.enter_async_context(server.connected(source)) for _ in range(count)]


async def test_one_source_leaves_room_for_others() -> None:
    """H12: what goes beyond its bound is closed at once."""
    async with bare_server(FEW) as server, AsyncExitStack() as stack:
        lanes = await fill(stack, server, STRANGER, FEW.from_one_source + 2)

        assert [await is_served(lane) for lane in lanes] == [True] * 5 + [False] * 2
        async with server.connected() as lane:
            assert await is_served(lane)
        assert server.traffic.connections_refused == 2


async def test_there_is_a_bound_on_all_sources_and_a_place_that_is_left_is_free() -> None:
    """H12: memory and descriptors are bounded, and nothing stays taken."""
    async with bare_server(FEW) as server, AsyncExitStack() as stack:
        lanes = await fill(stack, server, STRANGER, 5) + await fill(stack, server, "127.0.0.3", 3)
        assert [await is_served(lane) for lane in lanes] == [True] * 8
        async with server.connected() as late:
            assert not await is_served(late)

        lanes[0].close()
        await server.until_open(FEW.in_all - 1)

        async with server.connected() as lane:
            assert await is_served(lane)


async def test_without_descriptors_the_listener_waits_and_then_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """H12: the listener never stops."""
    async with bare_server() as server:
        with socket.socket() as client, no_more_descriptors():
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", server.port))
            await until(lambda: server.traffic.accept_pauses > 0)
        assert "EMFILE" in caplog.text

        async with server.connected() as lane:
            assert await is_served(lane)


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Let nothing more be opened by this process; what is open stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as probe:
        lowest_free = probe.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_handshake_that_never_comes_gives_its_place_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """H11: silence before the first byte of a handshake, and what is no handshake at all."""
    monkeypatch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.2)
    async with bare_server(FEW, Tls(*write_certificate(tmp_path))) as server:
        async with server.connected() as silent, server.connected() as plain:
            await plain.send(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")

            assert await silent.is_closed()
            await server.until_open(0)

    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_process_may_open_as_much_as_the_machine_allows() -> None:
    in_all = allow_descriptors()

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
    assert 0 < in_all <= 50_000


def test_one_source_never_has_more_than_three_quarters() -> None:
    assert bounds_of(1_000, 37_500) == Bounds(1_000, 750)
    assert bounds_of(1_000, 100) == Bounds(1_000, 100)
