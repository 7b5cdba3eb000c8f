"""
A flood of one kind of request, in a process of its own.

`python -m tests.storm.flood PORT` reads one JSON command a line, and answers each with one line.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import uvloop

from tests.bench.load import read_answer, request
from tests.storm.commands import answer_commands

MOST_OPEN: Final = 256
LIMIT: Final = 2**20


class Flood:
    """Sends one request again and again over connections that stay open."""

    def __init__(self, port: int) -> None:
        self._port: Final = port
        self._statuses: Final[Counter[int]] = Counter()
        self._unsent = 0

    async def capacity(self, path: str, bearer: str, seconds: float, connections: int) -> Any:
        """Return how many were answered a second while each connection waits for its answer."""
        octets, end = request("GET", path, bearer), time.monotonic() + seconds
        self._statuses.clear()
        await asyncio.gather(
            *(self._one_by_one(octets, lambda: time.monotonic() < end) for _ in range(connections))
        )
        return {"rate": sum(self._statuses.values()) / seconds, "statuses": self._told()}

    async def flood(self, path: str, bearer: str, rate: float, seconds: float) -> Any:
        """Send so many a second whether answers come or not; what finds no connection is counted as unsent."""
        octets = request("GET", path, bearer)
        self._statuses.clear()
        self._unsent = 0
        due: asyncio.Queue[bytes] = asyncio.Queue(MOST_OPEN)
        workers = [asyncio.create_task(self._work_off(due)) for _ in range(MOST_OPEN)]
        began = time.monotonic()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            self._offer(due, octets)
        for worker in workers:
            worker.cancel()
        return {"statuses": self._told(), "unsent": self._unsent, "offered": round(rate * seconds)}

    def _offer(self, due: "asyncio.Queue[bytes]", octets: bytes) -> None:
        try:
            due.put_nowait(octets)
        except asyncio.QueueFull:
            self._unsent += 1

    async def _work_off(self, due: "asyncio.Queue[bytes]") -> None:
        while True:
            octets = await due.get()
            await self._one_by_one(octets, lambda: _take(due))

    async def _one_by_one(self, octets: bytes, goes_on: Callable[[], bool]) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=LIMIT)
        except OSError:
            self._statuses[0] += 1
            return
        try:
            while True:
                writer.write(octets)
                status, _ = await read_answer(reader)
                self._statuses[status] += 1
                if not goes_on():
                    return
        except (OSError, EOFError):
            self._statuses[0] += 1
        finally:
            writer.close()

    def _told(self) -> dict[str, int]:
        return {str(status): count for status, count in sorted(self._statuses.items())}


def _take(due: "asyncio.Queue[bytes]") -> bool:
    if due.empty():
        return False
    due.get_nowait()
    return True


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(answer_commands(Flood(int(sys.argv[1]))))
