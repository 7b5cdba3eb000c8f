"""What a reader, a crowd of them, a dead bell or the end of the process may demand, and what they may not."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psutil
import pytest
from psycopg import AsyncConnection

from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import Overloaded, Unreachable
from plexd.protocol.events.framing import FrameParser
from plexd.protocol.events.position import Position
from plexsphere.fleet.application.stream_hub import MOST_REPLACEMENTS
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, ServerProcess, first_boot, served, server_process
from tests.support.event_movers import Movers
from tests.support.event_reader import Enrolled, EventReader, reading
from tests.support.event_scene import enrolled, first_offsets, is_asked_to_reconcile, move, sequenced
from tests.support.silent_bell import silent_bell

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

SOON = 20.0
MIB = 1024 * 1024
STALLED, MOVES, MOVES_AT_ONCE = 20, 3_000, 50
CROWD, MISSED = 60, 100
STREAMS, BEATING = 100, 8
OPEN = b"HTTP/1.1 200"
LAST_HEARTBEATS = "SELECT id::text, last_heartbeat_at FROM nodes WHERE last_heartbeat_at IS NOT NULL"


async def test_stalled_readers_are_cut_cost_little_and_miss_nothing_in_the_end(database: Secret[str]) -> None:
    """H13: who takes nothing holds a bounded queue, holds up nobody, and is told the rest when it comes back."""
    async with _a_server(database) as (place, server, transport):
        mover, healthy, *nodes = await enrolled(place, transport, STALLED + 2)
        since = await first_offsets(database)
        connections = [await _stalled(place, node) for node in nodes]
        witness = EventReader(healthy)
        async with (
            reading(witness, healthy.channel(transport), again=True),
            Movers.connected(database, place.domain_id) as movers,
        ):
            await movers.move(mover.node_id, range(1, MOVES_AT_ONCE))
            before = _rss(server)
            for port in range(MOVES_AT_ONCE, MOVES, MOVES_AT_ONCE):
                await movers.move(mover.node_id, range(port, port + MOVES_AT_ONCE))
            await witness.until_true(60, lambda: witness.types.count("peer_endpoint_changed") == MOVES - 1)
            grown = _rss(server) - before

        last = next(reversed(witness.told))
        assert grown < 24 * MIB
        for node, connection in zip(nodes[:3], connections, strict=False):
            reader = EventReader(node, behind=since[node.node_id])
            reader.last_event_id = await _last_of_what_is_left(connection) or reader.last_event_id
            left_off = Position.parse(reader.last_event_id or "")
            assert left_off is not None
            assert left_off < last
            async with reading(reader, node.channel(transport)):
                await reader.until_true(SOON, _has_come_to(reader, last))
            assert reader.faults == []
        for connection in connections:
            connection.close()


async def test_the_newest_stream_of_a_node_wins_and_a_storm_of_them_is_refused_before_the_headers(
    database: Secret[str],
) -> None:
    """H36: both machines with one identity see that; neither drives the other out for ever."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        [node] = await enrolled(place, transport, 1)
        async with AsyncExitStack() as stack:
            readers = [EventReader(node) for _ in range(MOST_REPLACEMENTS + 2)]
            for reader in readers:
                await stack.enter_async_context(reading(reader, node.channel(transport)))
            *older, newest, refused = readers

            assert isinstance(refused.failure, Overloaded)
            assert (refused.failure.status, refused.failure.retry_after) == (429, 60.0)
            for reader in older:
                await reader.until_true(SOON, _is_over(reader))
            assert newest.is_streaming


async def test_a_dead_bell_delays_events_by_no_more_than_a_round_of_polling(database: Secret[str]) -> None:
    """H50, D18: without NOTIFY every process finds the rows by itself."""
    async with (
        served(database) as place,
        served(database, place=place) as other,
        Transport.connected(place.base_url) as near,
        Transport.connected(other.base_url) as far,
        silent_bell(database),
    ):
        one, two = await enrolled(place, near, 2)
        reader = EventReader(two)
        async with reading(reader, two.channel(far)):
            for port in (1, 2, 3):
                await move(one, near, port)
                await reader.until_true(SOON, _has_moves(reader, port))


async def test_a_crowd_that_comes_back_at_once_is_told_everything(database: Secret[str]) -> None:
    """H14: from a process that holds none of it in memory; nobody is turned away for good."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        mover, *nodes = await enrolled(place, transport, CROWD + 1)
        async with Movers.connected(database, place.domain_id) as movers:
            await movers.move(mover.node_id, range(1, MISSED + 1))
        since = await first_offsets(database)
        await sequenced(database)
    async with (
        served(database, place=place) as fresh,
        Transport.connected(fresh.base_url) as transport,
        AsyncExitStack() as stack,
    ):
        readers = [EventReader(node, behind=since[node.node_id]) for node in nodes]
        await asyncio.gather(
            *(stack.enter_async_context(reading(each, each.node.channel(transport))) for each in readers)
        )
        for reader in readers:
            await reader.until_true(SOON, _has_moves(reader, MISSED))
            assert reader.faults == []


async def test_at_the_end_streams_say_goodbye_and_every_answered_heartbeat_is_written(
    database: Secret[str],
) -> None:
    """H38: SIGTERM under load; the process is gone within 3 s."""
    async with _a_server(database) as (place, server, transport):
        nodes = await enrolled(place, transport, STREAMS)
        readers = [EventReader(node, keep_octets=True) for node in nodes]
        beats: dict[str, datetime] = {}
        async with AsyncExitStack() as stack:
            await asyncio.gather(
                *(stack.enter_async_context(reading(each, each.node.channel(transport))) for each in readers)
            )
            beating = [asyncio.create_task(_beat(node, transport, beats)) for node in nodes[:BEATING]]
            await _until_just_written(database)

            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(3):
                assert await server.process.wait() == 0

            await asyncio.gather(*beating)
            for reader in readers:
                await reader.until_true(SOON, _is_over(reader))
                assert reader.octets.endswith(b": closing\n\n")
    written = await _last_heartbeats(database)
    assert {node: at for node, at in beats.items() if written[node] < at} == {}


@asynccontextmanager
async def _a_server(dsn: Secret[str]) -> AsyncIterator[tuple[Place, ServerProcess, Transport]]:
    operator, domain_id, project_id = await first_boot(dsn)
    async with server_process(dsn) as server, Transport.connected(server.base_url) as transport:
        yield Place(server.base_url, operator, domain_id, project_id), server, transport


def _rss(server: ServerProcess) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


async def _stalled(place: Place, node: Enrolled) -> socket.socket:
    """Open a stream and read nothing of it but that it is open."""
    address = urlsplit(place.base_url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (address.hostname, address.port))
    bearer = node.registration.node_token.reveal()
    head = [
        f"GET /v1/nodes/{node.node_id}/events HTTP/1.1",
        "Host: x",
        "Connection: close",
        f"Authorization: Bearer {bearer}",
    ]
    await loop.sock_sendall(connection, "\r\n".join([*head, "", ""]).encode())
    assert await loop.sock_recv(connection, len(OPEN)) == OPEN
    return connection


async def _last_of_what_is_left(connection: socket.socket) -> str:
    """Read what was on its way until the other end closes or breaks; return the id of the last whole frame."""
    # What frames the chunks are lines without a field's name to an event stream's parser, and pass for nothing.
    parser, last = FrameParser(), ""
    async with asyncio.timeout(SOON):
        while octets := await _received(connection):
            for frame in parser.feed(octets):
                last = frame.id or last
    return last


async def _received(connection: socket.socket) -> bytes:
    try:
        return await asyncio.get_running_loop().sock_recv(connection, 65_536)
    except ConnectionResetError:
        # On a slow machine the 30 s are over that a send may take.
        return b""


def _has_come_to(reader: EventReader, last: Position) -> Callable[[], bool]:
    return lambda: next(reversed(reader.told), None) == last


def _has_moves(reader: EventReader, count: int) -> Callable[[], bool]:
    return lambda: reader.types.count("peer_endpoint_changed") >= count


def _is_over(reader: EventReader) -> Callable[[], bool]:
    return lambda: not reader.is_streaming


async def _beat(node: Enrolled, transport: Transport, beats: dict[str, datetime]) -> None:
    """Give signs of life until nobody answers; note when the last was sent that was answered."""
    with suppress(Unreachable):
        while True:
            at = datetime.now(UTC)
            with suppress(Overloaded):
                await is_asked_to_reconcile(node, transport)
                beats[node.node_id] = at


async def _until_just_written(dsn: Secret[str]) -> None:
    """Wait until heartbeats were written, so that those of the next moment are held in memory."""
    async with asyncio.timeout(SOON):
        before = await _last_heartbeats(dsn)
        while True:
            await asyncio.sleep(0.02)
            if await _last_heartbeats(dsn) != before:
                return


async def _last_heartbeats(dsn: Secret[str]) -> dict[str, datetime]:
    async with await AsyncConnection.connect(session_conninfo(dsn)) as connection:
        return dict(await (await connection.execute(LAST_HEARTBEATS)).fetchall())
