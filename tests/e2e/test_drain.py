"""H38: the end of a process that thousands of streams hang on."""

import asyncio
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from psycopg import AsyncConnection

from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret
from tests.bench.load import read_answer, request
from tests.bench.population import Populated
from tests.bench.site import populated
from tests.support.control_plane import ServerProcess, server_process

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

OUT_SECONDS = 3.0
AT_ONCE = 100
BEATING = 16
FAREWELL = b": closing\n\n"
LAST_HEARTBEATS = "SELECT id::text, last_heartbeat_at FROM nodes WHERE last_heartbeat_at IS NOT NULL"

# Whoever lets go of the writer closes the connection.
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.mark.parametrize(
    "count",
    [300, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
async def test_on_sigterm_a_process_with_many_streams_is_out_in_three_seconds(
    database: Secret[str], count: int
) -> None:
    """H38: every stream ends with a comment, and no heartbeat that was answered is lost."""
    nodes = (await populated(database, count)).nodes
    async with server_process(database) as server:
        port = int(server.base_url.rpartition(":")[2])
        streams = await opened(port, nodes)
        answered: dict[str, datetime] = {}
        beats = [asyncio.create_task(beat(port, node, answered)) for node in nodes[:BEATING]]
        endings = [asyncio.create_task(reader.read()) for reader, _ in streams]
        await asyncio.sleep(1.5)

        seconds = await seconds_to_end(server)

        await asyncio.gather(*beats)
        said = await asyncio.gather(*endings)
    print(f"{count} streams: out in {seconds:.2f} s")
    assert seconds < OUT_SECONDS
    assert sum(FAREWELL in each for each in said) == count
    for _, writer in streams:
        writer.close()
    written = await last_heartbeats(database)
    assert len(answered) == BEATING
    assert {node: at for node, at in answered.items() if written[node] < at} == {}


async def opened(port: int, nodes: Sequence[Populated]) -> list[Stream]:
    """Open the stream of every node, a crowd at a time."""
    streams: list[Stream] = []
    for start in range(0, len(nodes), AT_ONCE):
        crowd = nodes[start : start + AT_ONCE]
        streams += await asyncio.gather(*(stream_of(port, node) for node in crowd))
    return streams


async def stream_of(port: int, node: Populated) -> Stream:
    """Open the stream, and come back like any agent where the process asks for it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(request("GET", f"/v1/nodes/{node.node_id}/events", node.token))
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200"):
            return reader, writer
        assert head.startswith(b"HTTP/1.1 503")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        await asyncio.sleep(2)


async def beat(port: int, node: Populated, answered: dict[str, datetime]) -> None:
    """Give signs of life until nobody answers; note when the last was sent that was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            at = datetime.now(UTC)
            writer.write(request("POST", f"/v1/nodes/{node.node_id}/heartbeat", node.token, b"{}"))
            status, _ = await read_answer(reader)
            if status == 200:
                answered[node.node_id] = at
            await asyncio.sleep(0.01)
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()


async def seconds_to_end(server: ServerProcess) -> float:
    """Ask the process to end, and return how long it took."""
    began = time.perf_counter()
    server.process.send_signal(signal.SIGTERM)
    assert await server.process.wait() == 0
    return time.perf_counter() - began


async def last_heartbeats(dsn: Secret[str]) -> dict[str, datetime]:
    async with await AsyncConnection.connect(session_conninfo(dsn)) as connection:
        return dict(await (await connection.execute(LAST_HEARTBEATS)).fetchall())
