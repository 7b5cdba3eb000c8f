"""Nodes that move at a steady rate, and what each agent must have heard of it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tests.bench.population import CLASS_SIZE, Populated
from tests.storm.stage import Stage
from tests.storm.wire import Caller

LOGGED: Final = """
SELECT subject::text, log_offset FROM event_log
WHERE recipients IS NULL AND frames <> '[]'::jsonb ORDER BY log_offset
"""
HEAD: Final = """
SELECT next_offset - 1 FROM event_heads
WHERE domain_id = %s AND NOT EXISTS (SELECT FROM event_inbox)
"""


@dataclass(slots=True)
class Moves:
    """Moves of these nodes, in turn; `acknowledged` is the last endpoint of each that was answered with 200."""

    caller: Caller
    movers: Sequence[Populated]
    acknowledged: dict[str, str] = field(default_factory=dict)
    attempted: dict[str, str] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    made: int = 0
    failed: int = 0

    async def go_on(self, each_second: float) -> None:
        """Move at this rate until cancelled; while nobody answers, go on all the same."""
        due = time.monotonic()
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self.move())
                due += 1 / each_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def round(self, at_once: int = 32) -> None:
        """Let every mover move once."""
        for start in range(0, len(self.movers), at_once):
            await asyncio.gather(*(self.move() for _ in self.movers[start : start + at_once]))

    async def move(self) -> None:
        """Let the next mover move; one whose answer was lost may have moved."""
        mover = self.movers[self.made % len(self.movers)]
        self.made += 1
        if mover.node_id in self.under_way:
            # Of two moves at once nobody could say which was the last.
            return
        self.under_way.add(mover.node_id)
        try:
            await self._put(mover)
        finally:
            self.under_way.discard(mover.node_id)

    async def _put(self, mover: Populated) -> None:
        endpoint = f"198.51.{self.made // 250 % 250}.{self.made % 250}:{1024 + self.made // 62_500}"
        self.attempted[mover.node_id] = endpoint
        body = msgspec.json.encode({"public_endpoint": endpoint})
        answer = await self.caller.call("PUT", f"/v1/nodes/{mover.node_id}/endpoint", mover.token, body)
        if answer.status == 200:
            self.acknowledged[mover.node_id] = endpoint
        else:
            self.failed += 1


def classes_of(nodes: Sequence[Populated]) -> dict[str, list[str]]:
    """Return, by node, the nodes of its class, itself left out."""
    ids = [node.node_id for node in nodes]
    found = {}
    for start in range(0, len(ids), CLASS_SIZE):
        group = ids[start : start + CLASS_SIZE]
        found.update({node_id: [each for each in group if each != node_id] for node_id in group})
    return found


async def head(stage: Stage) -> int:
    """Return the newest offset, once everything that committed has one."""
    async with stage.database() as connection:
        async with asyncio.timeout(60):
            while True:
                row = await (await connection.execute(HEAD, [stage.place.domain_id])).fetchone()
                if row is not None:
                    return int(row[0])
                await asyncio.sleep(0.1)


async def missed(
    stage: Stage, peers: Mapping[str, Sequence[str]], told: Mapping[str, Any], since: int
) -> list[str]:
    """Return which rows behind `since`, about whom a node sees, never came to it; order is checked by the agents."""
    rows: dict[str, list[int]] = defaultdict(list)
    async with stage.database() as connection:
        async for subject, offset in await connection.execute(LOGGED):
            if offset > since:
                rows[subject].append(offset)
    return [
        f"row {offset} at {node_id}"
        for node_id, frames in told.items()
        for offset in sorted(
            {offset for peer in peers[node_id] for offset in rows[peer]} - {frame[0] for frame in frames}
        )
    ]
