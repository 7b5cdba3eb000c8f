"""Two processes over one database and one folder, and what a kill -9 leaves there."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import Unreachable
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.local_directory.outgoing import PART
from tests.support.bare_server import until
from tests.support.control_plane import Place, ServerProcess, first_boot, server_process
from tests.support.event_reader import Enrolled, enrol
from tests.support.raw_http import RawAnswer, bearer, call, connected, request

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

BINARY: Final = "/v1/artifacts/plexd/1.5.0/linux/amd64"
OCTETS: Final = os.urandom(200 * PART)


@asynccontextmanager
async def two_on_one_folder(
    dsn: Secret[str], folder: Path
) -> AsyncIterator[tuple[Place, ServerProcess, ServerProcess]]:
    told = {"PLEXSPHERE_ARTIFACTS_DIR": str(folder)}
    operator, domain_id, project_id = await first_boot(dsn)
    async with server_process(dsn, **told) as one, server_process(dsn, **told) as other:
        yield Place(one.base_url, operator, domain_id, project_id), one, other


def headers(place: Place) -> dict[str, str]:
    return {**bearer(place.operator.reveal()), "Content-Type": "application/octet-stream"}


async def put(place: Place, at: str) -> RawAnswer:
    return await call(at, "PUT", BINARY, OCTETS, headers(place))


async def fetched(node: Enrolled, at: str, received: bytearray, kill: ServerProcess | None = None) -> None:
    """Fetch as the agent does; a process may be killed in the midst of it."""
    async with Transport.connected(at) as transport:
        artifact = node.channel(transport).artifact("1.5.0", "linux", "amd64", idle_seconds=10)
        async with artifact as parts:
            async for part in parts:
                received += part
                if kill is not None and len(received) >= PART:
                    kill.process.send_signal(signal.SIGKILL)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_what_one_process_takes_the_other_hands_out_whichever_is_killed_when(
    database: Secret[str], tmp_path: Path
) -> None:
    """H44: kill -9 during an upload and during a download leaves no half binary anywhere."""
    folder, digest = tmp_path / "artifacts", sha256(OCTETS).hexdigest()
    async with two_on_one_folder(database, folder) as (place, one, other):
        async with Transport.connected(one.base_url) as transport:
            node = await enrol(transport, (await place.bootstrap_tokens(1))[0], "web-1")
        await _upload_in_part(place, one, folder)

        await one.kill()

        [left] = names(folder)
        assert left.startswith(".incoming-")
        assert (await put(place, other.base_url)).status == 201
        assert names(folder) == {left, digest}
        os.utime(folder / left, (0, 0))
        async with server_process(database, PLEXSPHERE_ARTIFACTS_DIR=str(folder)) as third:
            await until(lambda: names(folder) == {digest})
            assert (await put(place, third.base_url)).status == 200
            received, again = bytearray(), bytearray()
            with suppress(Unreachable):
                await fetched(node, third.base_url, received, kill=third)
            await third.process.wait()
        await fetched(node, other.base_url, again)

    assert PART <= len(received) < len(OCTETS)
    assert OCTETS.startswith(bytes(received))
    assert bytes(again) == OCTETS


async def _upload_in_part(place: Place, at: ServerProcess, folder: Path) -> None:
    told = {**headers(place), "Content-Length": str(len(OCTETS))}
    async with connected(at.base_url) as lane:
        await lane.send(request("PUT", BINARY, None, told) + OCTETS[: len(OCTETS) // 2])
        await until(lambda: any(path.stat().st_size for path in folder.iterdir()))
        # The process is killed while the connection is open: an end of it would be an end of the upload.
        at.process.send_signal(signal.SIGKILL)
        await asyncio.wait_for(at.process.wait(), 10)
