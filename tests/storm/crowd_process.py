"""The handle of a crowd in its own process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.population import Populated
from tests.storm.commands import ask, commanded

LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class CrowdProcess:
    """Asks the crowd, one command at a time; what it can be asked is what `tests.storm.crowd.Crowd` answers."""

    process: asyncio.subprocess.Process

    async def ask(self, do: str, **given: Any) -> Any:
        """Return the crowd's answer."""
        return await ask(self.process, do, **given)

    async def begin(
        self, nodes: Sequence[Populated], interval: float, verify_each: int, stand: int | None = None
    ) -> None:
        """Have these nodes take part; see `tests.storm.crowd.Crowd.begin`."""
        given = [(node.node_id, node.token) for node in nodes]
        await self.ask("begin", nodes=given, interval=interval, verify_each=verify_each, stand=stand)

    async def until_streaming(self, count: int, seconds: float, say: Callable[[str], None]) -> bool:
        """Wait until so many streams are open, and tell about it; return whether they were in time."""
        end = time.monotonic() + seconds
        while True:
            open_now = await self.ask("streaming")
            say(f"  {open_now} of {count} streams are open")
            if open_now >= count or time.monotonic() > end:
                return bool(open_now >= count)
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def crowd_process(port: int) -> AsyncIterator[CrowdProcess]:
    """Run a crowd against the server on this port until the block ends."""
    process = await commanded("tests.storm.crowd", port)
    try:
        yield CrowdProcess(process)
    finally:
        process.kill()
        await process.wait()
