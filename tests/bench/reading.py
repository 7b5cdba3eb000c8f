"""The process that reads streams, as the one that measures sees it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.population import Populated
from tests.bench.processes import Wire

LONGEST_LINE: Final = 2**24
PATIENCE_SECONDS: Final = 300.0


class Unread(Exception):
    """The readers did not get, or did not believe, what they should have been told."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Open streams in a process of their own."""

    count: int
    process: asyncio.subprocess.Process

    async def want(self, event_type: str) -> None:
        """Have every stream wait for an event of this type."""
        await self._tell(event_type)
        await self._said("ready")

    async def arrivals(self, *, verified: bool) -> list[float]:
        """
        Return when each stream had its event, whole; in order, by the monotonic clock.

        Raises:
            Unread: some event was not there, or none that an agent believes.
        """
        said = await self._said("arrivals")
        if verified and said["verified"] < self.count:
            raise Unread(said["verified"])
        return list(map(float, said["arrivals"]))

    async def _tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def _said(self, word: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await self.process.stdout.readline()
        said: dict[str, Any] = json.loads(line) if line else {}
        if word not in said:
            raise Unread(said)
        return said


@asynccontextmanager
async def readers(wire: Wire, nodes: Sequence[Populated], key: str = "") -> AsyncIterator[Readers]:
    """Have a stream of each node open until the block ends; events are verified where a key is given."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.readers",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    reading = Readers(len(nodes), process)
    told = {"port": wire.port, "ca": wire.ca, "key": key, "nodes": [[n.node_id, n.token] for n in nodes]}
    try:
        await reading._tell(json.dumps(told))
        await reading._said("opened")
        yield reading
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
